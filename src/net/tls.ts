import { bind } from '../connection/bind.js'
import { Deadlines } from '../connection/deadlines.js'
import { dial } from '../connection/dial.js'
import { checkOptions } from '../connection/options.js'
import type { Transport } from '../connection/transport.js'
import type { Line } from '../connection/wire.js'
import { bindSocket } from './bind-socket.js'
import { clientHandshake } from './client-handshake.js'
import { dialSocket } from './dial-socket.js'
import { DuplexWire } from './duplex-wire.js'
import { endpointOf } from './endpoint.js'
import { Gather } from './gather.js'
import { renewing } from './renewing.js'
import { ServerHandshakes } from './server-handshakes.js'
import { acceptedKind, pathKind } from './socket-kind.js'
import { hasPath } from './socket-options.js'
import { overdue } from './stage.js'
import {
  CLIENT_HANDSHAKE_TIMEOUT,
  SERVER_HANDSHAKE_TIMEOUT,
  tlsPathPlaceRules,
  tlsPathTargetRules,
  tlsPlaceRules,
  tlsTargetRules,
  type TlsPlace,
  type TlsTarget,
} from './tls-options.js'

/**
 * Connections over TLS (RFC 8446, and RFC 5246 where the peer is older), on TCP or on a path.
 *
 * A connection is `open` when its handshake is done; `connection.tls` says what was settled and, where it showed a certificate, who the
 * peer is. A handshake that fails is one `close` with its error, be it the peer's alert, a certificate that is not trusted (its code as
 * OpenSSL has it, such as `DEPTH_ZERO_SELF_SIGNED_CERT`), garbage, or `ERR_HANDSHAKE_TIMEOUT`; on a server it hurts nobody else.
 *
 * @example A client that shows a certificate of its own
 * ```ts
 * tls.connect({ host: 'example.org', port: 4433, cert, key }).subscribe(event => {
 *   if (event.type === 'open') console.log(event.connection.tls?.protocol)
 * })
 * ```
 */
export const tls: Transport<TlsTarget, TlsPlace> = {
  connect(to) {
    if (hasPath(to)) checkOptions('tls.connect', to, tlsPathTargetRules, ['path'])
    else checkOptions('tls.connect', to, tlsTargetRules, ['port'])
    const { handshakeTimeout = CLIENT_HANDSHAKE_TIMEOUT } = to
    const host = hasPath(to) ? undefined : (to.host ?? 'localhost')
    return dial(endpointOf(to), to, line => {
      const handshake = clientHandshake(to, host)
      return dialSocket(line, to, (wire, stage) => {
        stage.enter('handshake', handshakeTimeout)
        wire.secure(handshake, error => {
          stage.leave()
          if (error === undefined) line.opened()
        })
      })
    })
  },

  listen(at) {
    if (hasPath(at)) checkOptions('tls.listen', at, tlsPathPlaceRules, ['path'])
    else checkOptions('tls.listen', at, tlsPlaceRules, ['port'])
    const { handshakeTimeout = SERVER_HANDSHAKE_TIMEOUT, renewed } = at
    return bind(at, host => {
      const gather = new Gather(true)
      const kind = hasPath(at) ? pathKind(at.path) : acceptedKind(() => gate.endpoint)
      const handshakes = new ServerHandshakes(at)
      const deadlines = new Deadlines<Line>(handshakeTimeout, line => {
        line.destroy(overdue('handshake', handshakeTimeout))
      })
      const gate = bindSocket(host, at, socket => {
        host.accept(line => {
          const wire = new DuplexWire(line, socket, kind, gather, true)
          deadlines.add(line)
          wire.secure(handshakes.start, error => {
            deadlines.delete(line)
            if (error === undefined) line.opened()
          })
          return wire
        })
      })
      const renewal =
        renewed &&
        renewing(handshakes, renewed, error => {
          gate.failed(error)
        })
      return () => {
        renewal?.unsubscribe()
        gate.close()
      }
    })
  },
}
