import { askTen, echo, someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 7: nothing buffers without a named bound. */
export const boundsLaw = casesOf(7, {
  async 'a paused reader takes no more than one read, and its peer sees what waits'(scene) {
    const { server, here, there } = await scene.pair({ client: { maxBuffered: Infinity } })
    const hold = there.pause()
    const sent = scene.flood(here)
    await scene.meanwhile()
    check(here.bufferedAmount > 0, 'all was written, though nobody reads')
    check(there.bytesRead < sent / 2, `${there.bytesRead} of ${sent} bytes were read while paused`)
    hold.unsubscribe()
    await server.bytes(sent)
  },

  async 'what waits for a peer that does not read grows to maxBuffered, and not beyond'(scene) {
    const maxBuffered = 100_000
    const { client, here, there } = await scene.pair({ client: { maxBuffered } })
    there.pause()
    let most = 0
    for (let sent = 0; sent < scene.enough && here.state === 'open'; sent += 1000) {
      here.send(someBytes(1000))
      most = Math.max(most, here.bufferedAmount)
    }
    same(here.state, 'closed', 'the state')
    await client.end()
    check(most > 0 && most <= maxBuffered, `${most} bytes waited`)
    const { bytesUnsent } = await client.next('close')
    check(bytesUnsent <= maxBuffered, `${bytesUnsent} bytes were left`)
  },

  async 'a paused listener holds what it accepts unopened, up to its backlog, and turns away what is beyond'(scene) {
    const { server, listener, place } = await scene.listen({ backlog: 2 }, echo)
    listener.pause()
    const held = []
    for (const count of [1, 2]) {
      held.push(scene.dial(place, {}, askTen))
      await scene.until(() => listener.accepted === count, 'what was dialled')
    }
    const beyond = scene.dial(place)
    await beyond.end()
    same([listener.paused, listener.accepted, listener.refused], [true, 2, 1], 'paused, accepted and refused')
    same(server.summary, 'listening', 'the server was told')
    listener.resume()
    await server.next('open', 2)
    await Promise.all(held.map(client => client.bytes(10)))
  },
})
