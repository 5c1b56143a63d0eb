import { echo, LARGE, someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 9: silence is judged by counters. That time is virtual is for each transport's own marble specs to show. */
export const timeLaw = casesOf(9, {
  async 'the counters tell what came and what went'(scene) {
    const { client, here, there } = await scene.pair({ onServer: echo })
    same([here.bytesRead, here.bytesWritten, there.bytesRead, there.bytesWritten], [0, 0, 0, 0], 'the counters')
    here.send(someBytes(LARGE))
    await client.bytes(LARGE)
    here.close()
    await client.end()
    scene.counts(here.bytesWritten, LARGE, 'what the client wrote')
    same(there.bytesRead, here.bytesWritten, 'what the server read')
    scene.counts(there.bytesWritten, LARGE, 'what the server wrote')
    same(here.bytesRead, there.bytesWritten, 'what the client read')
  },

  async 'a connection knows since when it is open'(scene) {
    const { place } = await scene.listen()
    const times: (number | undefined)[] = []
    const client = scene.dial(place, {}, ({ type, ...event }) => {
      if ('connection' in event && type !== 'close') times.push(event.connection.openedAt)
    })
    await client.next('open')
    const [connecting, open] = times
    same(connecting, undefined, 'the time while connecting')
    check(typeof open === 'number', 'it does not know the time when open')
  },
})
