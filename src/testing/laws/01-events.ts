import { someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 1: one `open` at most, one `end` at most, one `close`, then silence. */
export const eventsLaw = casesOf(1, {
  async 'a dialled connection tells connecting, open, its packets, end and close, once each'(scene) {
    const { client, here, there } = await scene.pair()
    there.send(someBytes(10))
    await client.bytes(10)
    there.close()
    await client.end()
    same(client.summary, 'connecting open packet end close:remote', 'the client was told')
    same(here.state, 'closed', 'the state')
  },

  async 'an accepted connection tells open, its packets, end and close, once each'(scene) {
    const { server, here } = await scene.pair()
    here.send(someBytes(10))
    await server.bytes(10)
    here.close()
    await server.next('close')
    same(server.summary, 'listening open packet end close:remote', 'the server was told')
  },

  async 'each of many connections has a life of its own'(scene) {
    const { server, place } = await scene.listen()
    const clients = Array.from({ length: 10 }, () => scene.dial(place))
    await server.next('open', 10)
    for (const { connection } of server.all('open')) connection.close()
    await Promise.all(clients.map(client => client.end()))
    await server.next('close', 10)
    for (const client of clients) same(client.summary, 'connecting open end close:remote', 'a client was told')
    same(new Set(server.all('close').map(({ connection }) => connection)).size, 10, 'closed connections')
  },

  async 'a refused dial tells connecting and close'(scene) {
    const { server, listener, place } = await scene.listen()
    listener.close()
    await server.end()
    const client = scene.dial(place)
    await client.end()
    same(client.summary, 'connecting close:error', 'the client was told')
  },

  async 'a dial that is given up at once tells connecting and close'(scene) {
    const { place } = await scene.listen()
    const client = scene.dial(place, {}, event => {
      if (event.type === 'connecting') event.connection.destroy()
    })
    await client.end()
    await scene.meanwhile()
    same(client.summary, 'connecting close:local', 'the client was told')
  },

  async 'it closes once when both ends close at the same time'(scene) {
    const { client, server, here, there } = await scene.pair()
    here.close()
    there.close()
    await Promise.all([client.end(), server.next('close')])
    await scene.meanwhile()
    same(client.all('close').length, 1, 'closes at the client')
    same(server.all('close').length, 1, 'closes at the server')
  },

  async 'after the close its handle does nothing'(scene) {
    const { client, here, there } = await scene.pair()
    there.close()
    await client.end()
    const { bytesAccepted } = here
    same(here.send(someBytes(1)), false, 'the answer of send')
    here.end()
    here.close()
    here.destroy(new Error('too late'))
    here.pause().unsubscribe()
    await scene.meanwhile()
    same(here.state, 'closed', 'the state')
    same(here.bytesAccepted, bytesAccepted, 'the bytes accepted')
    same(client.all('close').length, 1, 'closes')
    check(!here.paused, 'it is paused')
  },
})
