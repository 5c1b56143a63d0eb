import { map } from 'rxjs'
import { perConnection } from '../../connection/per-connection.js'
import { echo, someBytes } from './bytes.js'
import { check, codeOf, same } from './check.js'
import { casesOf } from './law.js'

/** Law 8: where Sluice calls user code, an exception closes that connection and is reported, and the others go on. */
export const handlersLaw = casesOf(8, {
  async 'a handler that throws closes its own connection, says so, and harms no other'(scene) {
    const cause = new Error('a bug')
    const handled = perConnection(packets =>
      packets.pipe(
        map(packet => {
          if ((packet as Uint8Array)[0] === 1) throw cause
          return packet as Uint8Array
        }),
      ),
    )
    const server = scene.watch(scene.candidate.listen({}).pipe(handled as never), echo)
    const { endpoint: place } = (await server.next('listening')).listener
    const [good, bad] = [scene.dial(place), scene.dial(place)]
    const [{ connection: toGood }, { connection: toBad }] = await Promise.all([good.next('open'), bad.next('open')])
    await server.next('open', 2)
    toBad.send(Uint8Array.of(1))
    await bad.end()
    const { reason, error } = await server.next('close')
    same([reason, codeOf(error)], ['error', 'ERR_HANDLER'], 'the close')
    check(error?.cause === cause, 'the cause is not what was thrown')
    toGood.send(someBytes(10))
    await good.bytes(10)
    same(server.all('close').length, 1, 'closes')
  },
})
