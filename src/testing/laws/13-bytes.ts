import { LARGE, someBytes } from './bytes.js'
import { sameBytes } from './check.js'
import { casesOf } from './law.js'

/** Law 13: bytes given to `send` belong to Sluice; bytes received stay valid for as long as they are held. */
export const bytesLaw = casesOf(13, {
  async 'what was received stays as it was, whatever comes after it'(scene) {
    const { client, there } = await scene.pair()
    there.send(someBytes(1000))
    await client.bytes(1000)
    const kept = client.all('packet').map(({ packet }) => packet)
    const copies = kept.map(packet => Uint8Array.from(packet))
    there.send(someBytes(LARGE, 1))
    await client.bytes(1000 + LARGE)
    for (const [index, packet] of kept.entries()) sameBytes(packet, copies[index] ?? packet, 'a packet that was kept')
  },

  async 'the same bytes can be sent to many, and what one receiver does to its own changes nothing for the others'(
    scene,
  ) {
    const { server, place } = await scene.listen()
    const clients = [1, 2, 3].map(() => scene.dial(place))
    await server.next('open', 3)
    const shared = someBytes(100_000)
    for (const { connection } of server.all('open')) connection.send(shared)
    for (const client of clients) {
      sameBytes(await client.bytes(shared.length), shared, 'a client received')
      for (const { packet } of client.all('packet')) packet.fill(0)
    }
  },

  async 'parts of one piece of memory can be sent apart'(scene) {
    const { client, there } = await scene.pair()
    const whole = someBytes(10_000)
    for (let at = 0; at < whole.length; at += 100) there.send(whole.subarray(at, at + 100))
    sameBytes(await client.bytes(whole.length), whole, 'the client received')
  },
})
