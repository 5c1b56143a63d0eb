import { AsyncSubject, type Observable } from 'rxjs'
import type { Connection, TlsSession } from '../connection/connection.js'
import { SluiceError } from '../connection/errors.js'
import { handOver } from '../connection/handover.js'
import { checkOptions } from '../connection/options.js'
import { DuplexWire } from './duplex-wire.js'
import { handshakeAsClient, ServerHandshakes, type Outcome } from './handshake.js'
import { Stage } from './stage.js'
import { tlsKind } from './tls-kind.js'
import {
  CLIENT_HANDSHAKE_TIMEOUT,
  SERVER_HANDSHAKE_TIMEOUT,
  clientRules,
  only,
  serverRules,
  type TlsClientOptions,
  type TlsServerOptions,
} from './tls-options.js'

/** Which side of the handshake we are, and its options. */
export type UpgradeOptions =
  ({ readonly role: 'client' } & TlsClientOptions) | ({ readonly role: 'server' } & TlsServerOptions)

/**
 * Puts a live connection on TLS, in place (STARTTLS, RFC 3207): the id, the handle and the stream stay.
 *
 * It acts at once, whether or not the answer is subscribed to. What was sent before goes out in clear; what is sent afterwards waits for
 * the handshake and is encrypted. What has been read but not emitted, `framed`'s undecoded rest included, is TLS input and never a packet. The
 * answer emits what was settled and completes; it errors if the handshake fails, in which case the connection's `close` carries the same
 * error: `ERR_HANDSHAKE_TIMEOUT`, `ERR_UPGRADE` for a connection that is not open or has no socket under it, or TLS's own.
 *
 * @example A server's side of STARTTLS
 * ```ts
 * tcp.listen({ port: 2525 }).pipe(framed(lines())).subscribe(event => {
 *   if (event.type !== 'packet' || event.packet !== 'STARTTLS') return
 *   event.connection.send('220 go ahead')
 *   upgrade(event.connection, { role: 'server', cert, key })
 * })
 * ```
 */
export function upgrade(connection: Connection<never>, options: UpgradeOptions): Observable<TlsSession> {
  const { role, ...tls } = options
  if (role === 'client') checkOptions('upgrade', tls, clientRules)
  else checkOptions('upgrade', tls, serverRules)

  const answer = new AsyncSubject<TlsSession>()
  const from = handOver(connection)
  if (!(from?.wire instanceof DuplexWire)) {
    answer.error(new SluiceError('ERR_UPGRADE', `a connection that is ${connection.state} can't be put on TLS`))
    return answer
  }
  const { wire, rest } = from
  const { handshakeTimeout = role === 'client' ? CLIENT_HANDSHAKE_TIMEOUT : SERVER_HANDSHAKE_TIMEOUT } = options
  const fail = (error: Error): void => {
    stage.leave()
    wire.fail(error)
    answer.error(error)
  }
  const stage = new Stage(fail)
  stage.enter('handshake', handshakeTimeout)
  wire.suspend(rest, (socket, kind) => {
    const outcome: Outcome = result => {
      if ('error' in result) {
        fail(result.error)
        return
      }
      stage.leave()
      const secure = tlsKind(result.secure, socket, kind)
      wire.adopt(result.secure, secure)
      const session = secure.tls(socket)
      if (session !== undefined) answer.next(session)
      answer.complete()
    }
    if (role === 'client') handshakeAsClient(socket, undefined, only(clientRules, options), outcome)
    else new ServerHandshakes(only(serverRules, options)).start(socket, outcome)
  })
  return answer
}
