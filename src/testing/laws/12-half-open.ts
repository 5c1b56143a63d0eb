import type { Subscription } from 'rxjs'
import { LARGE, someBytes } from './bytes.js'
import { same } from './check.js'
import { casesOf } from './law.js'

/** Law 12: after an `end` replies can still be sent; then it closes by itself, unless `halfOpen` says to stay. */
export const halfOpenLaw = casesOf(12, {
  async 'what is sent while the end is told still goes out, and then the connection closes by itself'(scene) {
    const { client, server, here } = await scene.pair({
      onServer: event => {
        if (event.type === 'end') event.connection.send(someBytes(LARGE))
      },
    })
    here.end()
    await client.bytes(LARGE)
    await Promise.all([client.end(), server.next('close')])
    same(server.summary, 'listening open end close:remote', 'the server was told')
    same(client.summary, 'connecting open packet end close:local', 'the client was told')
  },

  async 'a dialled connection answers the end of its peer likewise'(scene) {
    const { client, server, there } = await scene.pair({
      onClient: event => {
        if (event.type === 'end') event.connection.send(someBytes(LARGE))
      },
    })
    there.end()
    await server.bytes(LARGE)
    await Promise.all([client.end(), server.next('close')])
    same(client.summary, 'connecting open end close:remote', 'the client was told')
  },

  async 'with halfOpen it stays, and can send for as long as it takes'(scene) {
    const { client, server, here, there } = await scene.pair({ server: { halfOpen: true, closeTimeout: 1 } })
    here.end()
    await server.next('end')
    await scene.meanwhile()
    same([there.state, server.all('close').length], ['open', 0], 'the state, and closes')
    same(there.send(someBytes(10)), true, 'the answer of send')
    await client.bytes(10)
    there.end()
    await Promise.all([client.end(), server.next('close')])
    same((await server.next('close')).reason, 'remote', 'the reason')
  },

  async 'a connection that is held at the end closes when it is let go'(scene) {
    const holds: Subscription[] = []
    const { client, server, here, there } = await scene.pair({
      onServer: event => {
        if (event.type === 'end') holds.push(event.connection.pause())
      },
    })
    here.end()
    await server.next('end')
    await scene.meanwhile()
    same([there.state, server.all('close').length], ['open', 0], 'the state, and closes')
    there.send(someBytes(10))
    await client.bytes(10)
    for (const hold of holds) hold.unsubscribe()
    await Promise.all([client.end(), server.next('close')])
  },
})
