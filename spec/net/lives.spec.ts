import { expect } from 'chai'
import { seeded, type Connection, type ConnectionEvent, type ConnectionOptions } from 'sluice'
import { upgrade } from 'sluice/net'
import { ca, server as credentials } from '../support/net/certificates.js'
import { closeAll } from '../support/net/closing.js'
import { listening, overTcp, pairings, type Pairing } from '../support/net/pairs.js'
import { resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { watch, type Watch } from '../support/net/watch.js'

const options: ConnectionOptions = { closeTimeout: 100, maxBuffered: Infinity }

/** A life that is whole: law 1. */
const whole = /^(connecting )?(open (packet |drain )*(end )?(drain )*)?close$/

/** What may be done to a connection, more often what lets it live on. */
const acts: readonly ((connection: Connection, random: () => number) => unknown)[] = [
  connection => connection.destroy(),
  connection => connection.destroy(new Error('enough')),
  connection => connection.close(),
  connection => connection.end(),
  async (connection, random) => {
    const hold = connection.pause()
    await turns(Math.floor(random() * 20))
    hold.unsubscribe()
  },
  (connection, random) => connection.send(Buffer.alloc(Math.floor(random() * 1_000_000))),
  (connection, random) => connection.send(Buffer.alloc(Math.floor(random() * 1_000))),
  () => undefined,
]

/** Does something to a connection some turns later. */
async function act(connection: Connection, random: () => number): Promise<void> {
  await turns(1 + Math.floor(random() * 8))
  await acts[Math.floor(random() * acts.length)]?.(connection, random)
}

/** Many connections that are treated at random at both ends, and what was told of them there. */
async function lives(
  { listen, connect }: Pairing,
  opened: (connection: Connection, role: 'client' | 'server') => void = () => undefined,
): Promise<Watch[]> {
  const random = seeded(7)
  const at = (role: 'client' | 'server') => (event: ConnectionEvent) => {
    if (event.type === 'open') opened(event.connection, role)
    if (event.type === 'open' || (event.type === 'packet' && random() < 0.3)) void act(event.connection, random)
  }
  const { server, listener } = await listening(listen(options), at('server'))
  const clients: Watch[] = []
  for (let started = 0; started < 100; started += 1) {
    const client = watch(connect(listener.endpoint, options), at('client'))
    clients.push(client)
    await turns(Math.floor(random() * 10))
    if (random() < 0.1) for (const { connection } of client.all('connecting')) connection.destroy()
  }
  await turns(100)
  for (const { connection } of [...clients.flatMap(client => client.all('connecting')), ...server.all('open')])
    connection.close()
  listener.close()
  await Promise.all([server, ...clients].map(witness => witness.over()))
  return [server, ...clients]
}

/** The types of the events of each connection. */
function told({ events }: Watch): string[] {
  const types = new Map<string, string[]>()
  for (const event of events)
    if ('connection' in event) {
      const { id } = event.connection
      types.set(id, [...(types.get(id) ?? []), event.type])
    }
  return [...types.values()].map(each => each.join(' '))
}

describe('Connections on real sockets', function () {
  this.timeout(30_000)
  afterEach(closeAll)

  for (const pairing of pairings) {
    it(`live lives that are whole over ${pairing.name}, whatever is done to them, and leave nothing`, async () => {
      const before = await resourcesAtRest()
      for (const life of (await lives(pairing)).flatMap(told)) expect(life).to.match(whole)
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  }

  it('live lives that are whole when they are put on TLS, whatever is done to them, and leave nothing', async () => {
    const before = await resourcesAtRest()
    const witnesses = await lives(overTcp, (connection, role) => {
      const options = role === 'client' ? ({ role, ca } as const) : ({ role, ...credentials } as const)
      upgrade(connection, options).subscribe({ error: () => undefined })
    })
    for (const life of witnesses.flatMap(told)) expect(life).to.match(whole)
    expect(await resourcesLeft(before)).to.deep.equal(before)
  })
})
