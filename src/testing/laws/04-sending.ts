import { echo, LARGE, someBytes } from './bytes.js'
import { check, codeOf, same, sameBytes } from './check.js'
import { casesOf } from './law.js'

/** Law 4: `send` answers, `drain` follows, and nothing is queued that is not counted. */
export const sendingLaw = casesOf(4, {
  async 'what is sent arrives in order, in both directions'(scene) {
    const { client, server, here, there } = await scene.pair()
    const sizes = Array.from({ length: 100 }, (_, index) => index)
    for (const size of sizes) {
      here.send(someBytes(size, size))
      there.send(someBytes(size, size + 1))
    }
    const all = (offset: number) => Uint8Array.from(sizes.flatMap(size => [...someBytes(size, size + offset)]))
    sameBytes(await server.bytes(all(0).length), all(0), 'the server received')
    sameBytes(await client.bytes(all(1).length), all(1), 'the client received')
  },

  async 'send answers false while connecting'(scene) {
    const { place } = await scene.listen()
    const answers: boolean[] = []
    const client = scene.dial(place, {}, event => {
      if (event.type === 'connecting') answers.push(event.connection.send(someBytes(10)))
    })
    const { connection } = await client.next('open')
    same([answers, connection.bytesAccepted], [[false], 0], 'the answer, and the bytes accepted')
  },

  async 'send answers true while open, and false once we have ended'(scene) {
    const { client, server, here } = await scene.pair()
    same(here.send(someBytes(10)), true, 'the answer while open')
    here.end()
    same(here.send(someBytes(10)), false, 'the answer after end')
    await Promise.all([client.end(), server.next('close')])
    same(here.send(someBytes(10)), false, 'the answer after the close')
    same(server.received, 10, 'bytes received')
  },

  async 'send answers false beyond the high mark, and one drain follows below the low mark'(scene) {
    const marks = { highWaterMark: 1000, lowWaterMark: 100, maxBuffered: Infinity }
    const buffered: number[] = []
    const { client, server, here, there } = await scene.pair({
      client: marks,
      onClient: event => {
        if (event.type === 'drain') buffered.push(event.connection.bufferedAmount)
      },
    })
    const hold = there.pause()
    const sent = scene.flood(here)
    same([here.send(someBytes(10)), here.send(someBytes(10))], [false, false], 'the answers')
    await scene.meanwhile()
    same(client.all('drain').length, 0, 'drains while the peer does not read')
    hold.unsubscribe()
    await Promise.all([client.next('drain'), server.bytes(sent + 20)])
    await scene.meanwhile()
    const [left = Infinity, ...others] = buffered
    check(left <= marks.lowWaterMark, `drained while ${left} bytes wait`)
    same(others.length, 0, 'further drains')
  },

  async 'whenever send has answered false again, there is another drain'(scene) {
    const marks = { highWaterMark: 1000, lowWaterMark: 100, maxBuffered: Infinity }
    const { client, here, there } = await scene.pair({ client: marks })
    for (const round of [1, 2, 3]) {
      const hold = there.pause()
      scene.flood(here)
      same(here.send(someBytes(10)), false, 'the answer')
      hold.unsubscribe()
      await client.next('drain', round)
    }
    await scene.meanwhile()
    same(client.all('drain').length, 3, 'drains')
  },

  async 'the close comes in place of a drain that can not'(scene) {
    if (scene.candidate.resets === false) return
    const { client, here, there } = await scene.pair({ client: { highWaterMark: 1000, maxBuffered: Infinity } })
    there.pause()
    scene.flood(here)
    same(here.send(someBytes(10)), false, 'the answer')
    there.destroy()
    await client.end()
    same(client.summary, 'connecting open close:error', 'the client was told')
  },

  async 'beyond maxBuffered the connection is destroyed, and no other'(scene) {
    const { client, here, place } = await scene.pair({ client: { maxBuffered: 1000 }, onServer: echo })
    const other = scene.dial(place)
    const { connection } = await other.next('open')
    same(here.send(someBytes(1001)), false, 'the answer')
    same(here.state, 'closed', 'the state')
    await client.end()
    const close = await client.next('close')
    same([close.reason, codeOf(close.error), close.bytesUnsent], ['error', 'ERR_SEND_OVERFLOW', 0], 'the close')
    connection.send(someBytes(10))
    await other.bytes(10)
  },

  async 'all that waits is counted'(scene) {
    const { client, server, here } = await scene.pair()
    here.send(someBytes(LARGE))
    scene.counts(here.bytesAccepted, LARGE, 'what is accepted')
    same(here.bufferedAmount + here.bytesWritten, here.bytesAccepted, 'what waits and what is written')
    await server.bytes(LARGE)
    here.close()
    await client.end()
    same([here.bufferedAmount, here.bytesWritten], [0, here.bytesAccepted], 'what waits and what is written')
  },

  async 'a packet that can not be sent throws at its sender, and harms nothing'(scene) {
    const { client, here } = await scene.pair({ onServer: echo })
    let thrown: unknown
    try {
      here.send(7 as unknown as Uint8Array)
    } catch (error) {
      thrown = error
    }
    check(thrown instanceof TypeError, 'it throws no TypeError')
    same([here.state, here.bytesAccepted], ['open', 0], 'the state and the bytes accepted')
    here.send(someBytes(10))
    await client.bytes(10)
  },
})
