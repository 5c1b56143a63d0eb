import { AsyncSubject, type Observable } from 'rxjs'
import type { Connection, Endpoint, TlsSession } from '../connection/connection.js'
import { asError, SluiceError } from '../connection/errors.js'
import { handOver, type Handover } from '../connection/handover.js'
import { checkOptions, oneOf } from '../connection/options.js'
import { clientHandshake } from './client-handshake.js'
import { DuplexWire } from './duplex-wire.js'
import type { Handshake } from './handshake.js'
import { ServerHandshakes } from './server-handshakes.js'
import { Stage } from './stage.js'
import {
  CLIENT_HANDSHAKE_TIMEOUT,
  SERVER_HANDSHAKE_TIMEOUT,
  clientRules,
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
 * error: `ERR_HANDSHAKE_TIMEOUT`, `ERR_HANDSHAKE_ENDED` for one that ends meanwhile, or TLS's own. A connection that can't be put on TLS
 * now stays as it is, and the answer errors with `ERR_UPGRADE`: it is not open, has no socket under it, or a handshake is under way.
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
  const { role } = { ...options }
  checkOptions('upgrade', options, role === 'client' ? asClient : asServer, ['role'])

  const answer = new AsyncSubject<TlsSession>()
  const from = handOver(connection)
  if (!(from?.wire instanceof DuplexWire && from.wire.canSecure)) {
    answer.error(new SluiceError('ERR_UPGRADE', `this connection can't be put on TLS: ${obstacle(connection, from)}`))
    return answer
  }
  const { wire, target } = from
  const fail = (error: Error): void => {
    answer.error(error)
    connection.destroy(error)
  }
  const stage = new Stage(fail)
  const told = (error?: Error): void => {
    stage.leave()
    if (error !== undefined) answer.error(error)
    else if (wire.tls !== undefined) answer.next(wire.tls)
    answer.complete()
  }
  try {
    const handshake = handshakeOf(options, target)
    stage.enter('handshake', options.handshakeTimeout ?? TIMEOUTS[role])
    wire.secure(handshake, told, from.take())
  } catch (thrown) {
    fail(asError(thrown))
  }
  return answer
}

const side = oneOf('client', 'server')
const asClient = { role: side, ...clientRules }
const asServer = { role: side, ...serverRules }

const TIMEOUTS = { client: CLIENT_HANDSHAKE_TIMEOUT, server: SERVER_HANDSHAKE_TIMEOUT }

/** @param target what was dialled: a name or an address, or, where it has no port, neither */
function handshakeOf(options: UpgradeOptions, target: Endpoint | undefined): Handshake {
  if (options.role === 'server') return new ServerHandshakes(options).start
  return clientHandshake(options, target?.port === undefined ? undefined : target.address)
}

function obstacle({ state }: Connection<never>, from: Handover | undefined): string {
  if (state !== 'open') return `it is ${state}`
  if (from?.wire instanceof DuplexWire) return 'a handshake is under way, or the peer has finished sending'
  return 'there is no socket under it'
}
