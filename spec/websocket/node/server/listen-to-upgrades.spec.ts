import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect } from 'chai'
import { Subject, filter, fromEvent, type Observable } from 'rxjs'
import { webSocket } from 'sluice/websocket'
import { closeAll, later } from '../../../support/net/closing.js'
import { duplexPair } from '../../../support/net/duplex-pair.js'
import { watch } from '../../../support/net/watch.js'
import { ask, upgradeHeaders } from '../../../support/websocket/http.js'

type Upgrade = readonly [request: IncomingMessage, socket: Duplex, head: Buffer]

const host = '127.0.0.1'

async function plain(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer()
  later(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen({ port: 0, host })
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

function upgradesOf(server: Server): Observable<Upgrade> {
  return fromEvent(server, 'upgrade') as Observable<Upgrade>
}

describe('webSocket.listen to upgrades that somebody else has', () => {
  afterEach(closeAll)

  it('takes those that it is given', async () => {
    const { server, port } = await plain()
    const mine = upgradesOf(server).pipe(filter(([{ url }]) => url === '/mine'))
    const told = watch(webSocket.listen({ upgrades: mine }), event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    expect(told.types).to.deep.equal(['listening'])
    const client = watch(webSocket.connect(`ws://${host}:${port}/mine`))
    const { connection } = await client.next('open')
    connection.send('hello')
    await client.next('packet')
    const there = (await told.next('open')).connection
    expect(there.local).to.include({ address: host, port })
    expect(there.remote).to.deep.equal(connection.local)
  })

  it('refuses with 404 those of another path, as nobody else has them', async () => {
    const { server, port } = await plain()
    watch(webSocket.listen({ upgrades: upgradesOf(server), pathname: '/mine' }))
    expect((await (await ask(port)).closed()).status).to.equal(404)
  })

  it('refuses what is not asked as it should be', async () => {
    const { server, port } = await plain()
    const told = watch(webSocket.listen({ upgrades: upgradesOf(server) }))
    expect((await (await ask(port, { 'Sec-WebSocket-Key': 'x' })).closed()).status).to.equal(400)
    expect((await told.next('close')).error).to.include({ status: 400 })
  })

  for (const [how, leave, gone] of [
    ['has ended', 'end', 'end'],
    ['has reset its connection', 'resetAndDestroy', 'close'],
  ] as const) {
    it(`opens nothing for a client that ${how} before it is handed over`, async () => {
      const { server, port } = await plain()
      const upgrades = new Subject<Upgrade>()
      const told = watch(webSocket.listen({ upgrades }))
      const client = await ask(port)
      const [request, socket, head] = (await once(server, 'upgrade')) as unknown as Upgrade
      socket.on('error', () => undefined)
      client.socket[leave]()
      await new Promise(resolve => socket.once(gone, resolve))
      upgrades.next([request, socket, head])
      expect([told.types, socket.destroyed]).to.deep.equal([['listening'], true])
      upgrades.complete()
      await told.over()
    })
  }

  it('works over any duplex', async () => {
    const [here, there] = duplexPair()
    const upgrades = new Subject<Upgrade>()
    const told = watch(webSocket.listen({ upgrades }))
    const headers = Object.fromEntries(
      Object.entries(upgradeHeaders).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const request = { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1, headers }
    upgrades.next([request as unknown as IncomingMessage, there, Buffer.alloc(0)])
    await told.next('open')
    here.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
    expect((await told.next('packet')).packet).to.equal('hi')
  })

  it('completes when there will be no more, and the last connection has closed', async () => {
    const { server, port } = await plain()
    const upgrades = new Subject<Upgrade>()
    const passing = upgradesOf(server).subscribe(upgrades)
    later(() => {
      passing.unsubscribe()
    })
    const told = watch(webSocket.listen({ upgrades }))
    const client = watch(webSocket.connect(`ws://${host}:${port}`))
    const { connection } = await client.next('open')
    await told.next('open')
    upgrades.complete()
    expect(told.ended).to.equal(undefined)
    connection.close()
    await told.over()
    expect(told.ended).to.equal('complete')
  })

  it('errors as they do', async () => {
    const upgrades = new Subject<Upgrade>()
    const told = watch(webSocket.listen({ upgrades }))
    upgrades.error(new Error('oops'))
    expect(await told.over()).to.include({ message: 'oops' })
  })

  it('leaves them when it is unsubscribed', async () => {
    const upgrades = new Subject<Upgrade>()
    const told = watch(webSocket.listen({ upgrades }))
    await told.next('listening')
    told.unsubscribe()
    expect(upgrades.observed).to.equal(false)
  })
})
