import { echo, someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 2: one connection's failure is data; a stream errors only when its source can go no further. */
export const failuresLaw = casesOf(2, {
  async 'a refused dial errors, with the error of its close'(scene) {
    const { server, listener, place } = await scene.listen()
    listener.close()
    await server.end()
    const client = scene.dial(place)
    await client.end()
    const { reason, error } = await client.next('close')
    same([reason, client.outcome], ['error', 'errored'], 'the reason and the outcome')
    check(error !== undefined && error === client.error, 'the stream errors with another error than that of its close')
    check('code' in error, 'the error has no code')
  },

  async 'a dial that closes in order completes, whoever closed'(scene) {
    const byPeer = await scene.pair()
    byPeer.there.close()
    await byPeer.client.end()
    same(
      [byPeer.client.summary, byPeer.client.outcome],
      ['connecting open end close:remote', 'completed'],
      'by the peer',
    )
    const byUs = await scene.pair()
    byUs.here.close()
    await byUs.client.end()
    same([byUs.client.summary, byUs.client.outcome], ['connecting open end close:local', 'completed'], 'by us')
  },

  async 'a close tells that it is part of a shutdown'(scene) {
    const { client, here } = await scene.pair()
    here.close('shutdown')
    await client.end()
    same([(await client.next('close')).reason, client.outcome], ['shutdown', 'completed'], 'the reason and the outcome')
  },

  async 'destroy without an error is a local close, and the dial completes'(scene) {
    const { client, here } = await scene.pair()
    here.destroy()
    await client.end()
    same([(await client.next('close')).reason, client.outcome], ['local', 'completed'], 'the reason and the outcome')
  },

  async 'destroy with an error closes with it, and the dial errors'(scene) {
    const { client, here } = await scene.pair()
    const error = new Error('enough')
    here.destroy(error)
    await client.end()
    const close = await client.next('close')
    same([close.reason, client.outcome], ['error', 'errored'], 'the reason and the outcome')
    check(close.error === error && client.error === error, 'the error is another')
  },

  async 'destroy with the error of a deadline is a timeout'(scene) {
    const { client, here } = await scene.pair()
    here.destroy(Object.assign(new Error('too slow'), { code: 'ERR_TOO_SLOW_TIMEOUT' }))
    await client.end()
    same((await client.next('close')).reason, 'timeout', 'the reason')
  },

  async 'a dial errors when its peer aborts'(scene) {
    if (scene.candidate.resets === false) return
    const { client, there } = await scene.pair()
    there.destroy()
    await client.end()
    const { reason, error } = await client.next('close')
    same([reason, client.outcome], ['error', 'errored'], 'the reason and the outcome')
    check(error !== undefined && error === client.error, 'the stream errors with another error than that of its close')
  },

  async 'a peer that aborts does not end the listening stream, nor another connection'(scene) {
    const { client, server, here, there, place } = await scene.pair({ onServer: echo })
    const other = scene.dial(place)
    const { connection } = await other.next('open')
    here.destroy(new Error('client failed'))
    await Promise.all([client.end(), server.until(() => there.state === 'closed', 'the close')])
    connection.send(someBytes(10))
    await other.bytes(10)
    const third = scene.dial(place)
    ;(await third.next('open')).connection.send(someBytes(10))
    await third.bytes(10)
    same(server.outcome, undefined, 'the outcome of the listening stream')
  },

  async 'a connection that the server destroys with an error does not end the listening stream'(scene) {
    const { server, there, place } = await scene.pair()
    there.destroy(new Error('server failed'))
    const close = await server.next('close')
    same([close.reason, close.error?.message], ['error', 'server failed'], 'the close')
    await scene.dial(place).next('open')
    same(server.outcome, undefined, 'the outcome of the listening stream')
  },

  async 'a closed listener accepts no more, touches nothing that is open, and its stream completes with the last close'(
    scene,
  ) {
    const { client, server, here, listener, place } = await scene.pair({ onServer: echo })
    listener.close()
    const late = scene.dial(place)
    await late.end()
    check(late.all('packet').length === 0, 'it was accepted')
    here.send(someBytes(10))
    await client.bytes(10)
    same(server.outcome, undefined, 'the outcome while one is open')
    here.close()
    await Promise.all([client.end(), server.end()])
    same([server.outcome, server.all('close').length], ['completed', 1], 'the outcome, and closes')
  },

  async 'a listening stream completes when its listener closes and nothing is open'(scene) {
    const { server, listener } = await scene.listen()
    listener.close()
    await server.end()
    same([server.summary, server.outcome], ['listening', 'completed'], 'the server was told')
  },
})
