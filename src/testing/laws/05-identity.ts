import { echo, someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 5: `connection.id` is identity and never reused. */
export const identityLaw = casesOf(5, {
  async 'no two connections have the same id, at either end'(scene) {
    const { server, place } = await scene.listen()
    const ids: string[] = []
    for (const count of [1, 2, 3, 4, 5]) {
      const client = scene.dial(place)
      ids.push((await client.next('open')).connection.id)
      ids.push((await server.next('open', count)).connection.id)
      client.leave()
      await server.next('close', count)
    }
    same(new Set(ids).size, 10, 'how many ids ten ends have')
  },

  async 'all events of a connection carry it, from the first to the last'(scene) {
    const { client, server, here, there } = await scene.pair({ onServer: echo })
    const { id } = here
    here.send(someBytes(10))
    await client.bytes(10)
    here.close()
    await Promise.all([client.end(), server.next('close')])
    const carried = (events: readonly object[]) =>
      events.flatMap(event => ('connection' in event ? [event.connection] : []))
    check(
      carried(client.events).every(connection => connection === here),
      'the client was told of another handle',
    )
    check(
      carried(server.events).every(connection => connection === there),
      'the server was told of another handle',
    )
    same([here.id, typeof id, id === ''], [id, 'string', false], 'the id')
  },

  async 'nothing of a closed connection is told of the next'(scene) {
    const { client, server, here, place } = await scene.pair({ onServer: echo })
    here.send(someBytes(10, 1))
    client.leave()
    const next = scene.dial(place)
    const { connection } = await next.next('open')
    connection.send(someBytes(10, 2))
    same([...(await next.bytes(10))], [...someBytes(10, 2)], 'the next received')
    await server.next('close')
    await scene.meanwhile()
    same(next.summary, 'connecting open packet', 'the next was told')
  },
})
