import { expect } from 'chai'
import { constant, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { echoProcess } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { freshPath } from '../support/net/directory.js'
import { eventually } from '../support/net/resources.js'

/** At each endpoint. */
const SIZE = 8

describe('A pool', function () {
  this.timeout(30_000) // Processes take their time to start.
  afterEach(closeAll)

  it('whose servers are killed, half of them, under load, goes on with the others, and has all again when they are back', async () => {
    const endpoints = Array.from({ length: 4 }, () => ({ path: freshPath() }))
    const started = async ({ path }: { readonly path: string }) => {
      const child = echoProcess(path)
      await child.says()
      return child
    }
    const children = await Promise.all(endpoints.map(started))
    const [doomed, lucky] = [endpoints.slice(0, 2), endpoints.slice(2)]
    const clients = pool(
      ({ path }: { readonly path: string }) => tcp.connect({ path }).pipe(framed(lines()), reconnect(constant(10))),
      { endpoints, size: SIZE },
    )
    const answers = new Map<string, number>()
    const harmed = new Set<string>()
    let ended = false
    const subscription = clients.subscribe({
      next(event) {
        if (event.type === 'open') event.connection.send('hello')
        if (event.type === 'close' && event.connection.bytesRead > 0) {
          harmed.add(event.connection.endpoint.path)
          clients.send('hello') // For those that were lost with it.
        }
        if (event.type !== 'packet') return
        const { path } = event.connection.endpoint
        answers.set(path, (answers.get(path) ?? 0) + 1)
        clients.send(event.packet)
      },
      error: () => (ended = true),
      complete: () => (ended = true),
    })
    later(() => {
      subscription.unsubscribe()
    })
    /** Until each of these has answered so many more. */
    const served = async (by: typeof endpoints, count: number): Promise<void> => {
      const before = new Map(answers)
      await eventually(() => by.every(({ path }) => (answers.get(path) ?? 0) >= (before.get(path) ?? 0) + count))
    }

    await served(endpoints, 500)
    expect(clients.connections).to.have.length(4 * SIZE)
    await Promise.all(children.slice(0, 2).map(child => child.kill()))
    await eventually(() => clients.connections.length === 2 * SIZE)
    await served(lucky, 500)
    expect(clients.connections.every(({ endpoint }) => lucky.includes(endpoint))).to.be.true
    await Promise.all(doomed.map(started))
    await eventually(() => clients.connections.length === 4 * SIZE)
    await served(endpoints, 500)
    expect(harmed).to.deep.equal(new Set(doomed.map(({ path }) => path)))
    expect([ended, clients.members.length]).to.deep.equal([false, 4 * SIZE])
  })
})
