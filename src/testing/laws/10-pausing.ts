import { echo, LARGE, someBytes } from './bytes.js'
import { same, sameBytes } from './check.js'
import { casesOf } from './law.js'

/** Law 10: while paused no packet, no end and no orderly close is told; failures are. */
export const pausingLaw = casesOf(10, {
  async 'what arrives while paused is told, in order, when reading goes on'(scene) {
    const { client, here, there } = await scene.pair()
    const hold = here.pause()
    there.send(someBytes(LARGE))
    there.close()
    await scene.meanwhile()
    same([here.paused, client.summary], [true, 'connecting open'], 'while paused, the client was told')
    hold.unsubscribe()
    await client.end()
    same([here.paused, client.summary], [false, 'connecting open packet end close:remote'], 'then, the client was told')
    sameBytes(await client.bytes(LARGE), someBytes(LARGE), 'the client received')
  },

  async 'with several holders, reading goes on with the last'(scene) {
    const { client, here, there } = await scene.pair()
    const [one, other] = [here.pause(), here.pause()]
    there.send(someBytes(10))
    one.unsubscribe()
    one.unsubscribe()
    await scene.meanwhile()
    same([here.paused, client.received], [true, 0], 'with one holder left')
    other.unsubscribe()
    await client.bytes(10)
    same(here.paused, false, 'whether it is paused')
  },

  async 'it may be paused before it is open'(scene) {
    const { server, place } = await scene.listen({}, event => {
      if (event.type === 'open') event.connection.send(someBytes(10))
    })
    const client = scene.dial(place, {}, event => {
      if (event.type === 'connecting') event.connection.pause()
    })
    await Promise.all([client.next('open'), server.next('open')])
    await scene.meanwhile()
    same(client.summary, 'connecting open', 'the client was told')
  },

  async 'a pause inside of next holds the very next packet'(scene) {
    const { client, server, here, there } = await scene.pair({
      onClient: event => {
        if (event.type === 'packet') event.connection.pause()
      },
      onServer: echo,
    })
    here.send(someBytes(1))
    await client.bytes(1)
    there.send(someBytes(10))
    await scene.meanwhile()
    same([client.received, server.received], [1, 1], 'the bytes received')
  },

  async 'a paused connection still sends, ends, and sees that its peer fails'(scene) {
    const { client, server, here, there } = await scene.pair({ server: { halfOpen: true } })
    here.pause()
    here.send(someBytes(10))
    here.end()
    await Promise.all([server.bytes(10), server.next('end')])
    if (scene.candidate.resets === false) return
    there.destroy()
    await client.end()
    same(client.summary, 'connecting open close:error', 'the client was told')
  },

  async 'a paused connection can be destroyed'(scene) {
    const { client, server, here, there } = await scene.pair()
    there.send(someBytes(10))
    here.pause()
    here.destroy()
    await Promise.all([client.end(), server.next('close')])
    same((await client.next('close')).reason, 'local', 'the reason')
  },
})
