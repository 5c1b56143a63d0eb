import type { Endpoint } from '../../connection/connection.js'
import { echo, LARGE, someBytes } from './bytes.js'
import { check, codeOf, same, sameBytes } from './check.js'
import { casesOf } from './law.js'
import type { React } from './witness.js'
import { Scene } from './scene.js'

/** Law 3: subscribing opens, unsubscribing closes; flushed first, and within a deadline. */
export const lifetimesLaw = casesOf(3, {
  async 'nothing is opened before the subscription'(scene) {
    const { server, place } = await scene.listen()
    const open = scene.candidate.open()
    void scene.candidate.listen({})
    const dial = scene.candidate.connect(place, {})
    same(scene.candidate.open(), open, 'how many are open')
    await scene.meanwhile()
    same(server.summary, 'listening', 'the server was told')
    scene.watch(dial)
    await server.next('open')
  },

  async 'subscribing twice dials twice'(scene) {
    const { server, place } = await scene.listen()
    const dial = scene.candidate.connect(place, {})
    const [one, other] = [scene.watch(dial), scene.watch(dial)]
    const [first, second] = await Promise.all([one.next('open'), other.next('open')])
    await server.next('open', 2)
    check(first.connection.id !== second.connection.id, 'both subscriptions have the same connection')
    first.connection.close()
    await one.end()
    same(second.connection.state, 'open', 'the state of the other')
  },

  async 'subscribing twice binds twice'(scene) {
    const listen = scene.candidate.listen({})
    const [one, other] = [scene.watch(listen), scene.watch(listen)]
    const [first, second] = await Promise.all([one.next('listening'), other.next('listening')])
    const { address, port } = first.listener.endpoint
    const elsewhere = second.listener.endpoint
    check(address !== elsewhere.address || port !== elsewhere.port, 'both are bound to the same place')
  },

  async 'unsubscribing is silent, and sends first what was accepted'(scene) {
    const { client, server, here } = await scene.pair()
    const sent = someBytes(LARGE)
    here.send(sent)
    client.leave()
    const told = client.events.length
    sameBytes(await server.bytes(LARGE), sent, 'the server received')
    same((await server.next('close')).reason, 'remote', 'the reason at the server')
    same(client.events.length, told, 'events told')
  },

  async 'unsubscribing from a listening stream sends first what was accepted, and frees the place'(scene) {
    const { client, server, there, place } = await scene.pair()
    const sent = someBytes(LARGE)
    there.send(sent)
    server.leave()
    sameBytes(await client.bytes(LARGE), sent, 'the client received')
    await client.end()
    same(client.summary, 'connecting open packet end close:remote', 'the client was told')
    const late = scene.dial(place)
    await late.end()
    same(late.summary, 'connecting close:error', 'a late client was told')
  },

  async 'what arrives after unsubscribing is dropped, and holds nobody up'(scene) {
    const { client, server, there } = await scene.pair({ server: { maxBuffered: Infinity } })
    scene.flood(there)
    client.leave()
    await server.next('close')
    same(there.state, 'closed', 'the state at the server')
  },

  async 'unsubscribing while paused closes all the same'(scene) {
    const { client, server, here } = await scene.pair()
    here.pause()
    here.send(someBytes(10))
    client.leave()
    await server.bytes(10)
    same((await server.next('close')).reason, 'remote', 'the reason at the server')
  },

  async 'close sends first what was accepted, and reads on until the peer has finished'(scene) {
    const { client, server, here, there } = await scene.pair({ server: { halfOpen: true } })
    const [question, answer] = [someBytes(LARGE), someBytes(LARGE, 1)]
    here.send(question)
    here.close()
    same(here.state, 'closing', 'the state')
    same(here.send(someBytes(1)), false, 'the answer of send')
    sameBytes(await server.bytes(LARGE), question, 'the server received')
    await server.next('end')
    there.send(answer)
    there.end()
    await client.end()
    sameBytes(await client.bytes(LARGE), answer, 'the client received')
    same(client.summary, 'connecting open packet end close:local', 'the client was told')
    same((await client.next('close')).bytesUnsent, 0, 'bytes unsent')
  },

  async 'both may close in the middle of large transfers in both directions, and nothing is lost'(scene) {
    const { client, server, here, there } = await scene.pair()
    const [up, down] = [someBytes(LARGE), someBytes(LARGE, 1)]
    here.send(up)
    there.send(down)
    here.close()
    there.close()
    await Promise.all([client.end(), server.next('close')])
    sameBytes(await server.bytes(LARGE), up, 'the server received')
    sameBytes(await client.bytes(LARGE), down, 'the client received')
    same((await client.next('close')).error, undefined, 'the error')
  },

  async 'end finishes sending, and reads on for as long as it takes'(scene) {
    const { client, server, here, there } = await scene.pair({
      client: { closeTimeout: 1 },
      server: { halfOpen: true },
    })
    here.send(someBytes(10))
    here.end()
    same(here.state, 'closing', 'the state')
    await server.next('end')
    await scene.meanwhile()
    there.send(someBytes(LARGE, 1))
    sameBytes(await client.bytes(LARGE), someBytes(LARGE, 1), 'the client received')
    there.close()
    await client.end()
    same(client.summary, 'connecting open packet end close:local', 'the client was told')
  },

  async 'destroy aborts: what waits is lost, and the close tells how much'(scene) {
    const { client, server, here, there } = await scene.pair({ client: { maxBuffered: Infinity } })
    const hold = there.pause()
    scene.flood(here)
    const unsent = here.bufferedAmount
    here.destroy()
    same(here.state, 'closed', 'the state')
    await client.end()
    const { bytesUnsent } = await client.next('close')
    same(bytesUnsent, here.bytesAccepted - here.bytesWritten, 'bytes unsent')
    check(bytesUnsent > 0 && bytesUnsent <= unsent, `${bytesUnsent} bytes are unsent, of ${unsent}`)
    hold.unsubscribe()
    await server.next('close')
  },

  async 'close gives up when the peer does not finish within the deadline'(scene) {
    const { client, here } = await scene.pair({ client: { closeTimeout: 50 }, server: { halfOpen: true } })
    here.close()
    await client.end()
    const { reason, error } = await client.next('close')
    same([reason, client.outcome], ['local', 'errored'], 'the reason and the outcome')
    same(codeOf(error), 'ERR_CLOSE_TIMEOUT', 'the code')
  },

  async 'close gives up when the peer does not read within the deadline'(scene) {
    const { client, here, there } = await scene.pair({ client: { closeTimeout: 50, maxBuffered: Infinity } })
    there.pause()
    scene.flood(here)
    here.close()
    await client.end()
    const { error, bytesUnsent } = await client.next('close')
    same(codeOf(error), 'ERR_CLOSE_TIMEOUT', 'the code')
    check(bytesUnsent > 0, 'nothing is unsent')
  },

  async 'unsubscribing gives up when the peer does not read within the deadline'(scene) {
    const { client, server, here, there } = await scene.pair({ client: { closeTimeout: 50, maxBuffered: Infinity } })
    const hold = there.pause()
    scene.flood(here)
    const open = scene.candidate.open()
    client.leave()
    await scene.until(() => scene.candidate.open() < open, 'the end of the client')
    hold.unsubscribe()
    await server.next('close')
  },

  async 'a client that leaves at any event leaves nothing open'({ candidate }) {
    for (let index = 0; index < 5; index += 1) {
      const scene = new Scene(candidate)
      const { place } = await scene.listen({}, echo)
      const client = scene.dial(place, {}, leavingAt(index, askAndClose))
      await client.end()
      await scene.clear()
    }
  },

  async 'a server that leaves at any event leaves nothing open'({ candidate }) {
    for (let index = 0; index < 5; index += 1) {
      const scene = new Scene(candidate)
      const places: Endpoint[] = []
      const leave = leavingAt(index, echo)
      const server = scene.watch(candidate.listen({}), (event, witness) => {
        if (event.type === 'listening') places.push(event.listener.endpoint)
        leave(event, witness)
      })
      await server.next('listening')
      const clients = places.map(place => scene.dial(place, {}, askAndClose))
      await Promise.all(clients.map(client => client.end()))
      await server.until(() => server.events.length > index, `event ${index}`)
      await scene.clear()
    }
  },
})

const askAndClose: React = event => {
  if (event.type === 'open') event.connection.send(someBytes(10))
  if (event.type === 'packet') event.connection.close()
}

function leavingAt(index: number, react: React): React {
  return (event, witness) => {
    react(event, witness)
    if (witness.events.length > index) witness.leave()
  }
}
