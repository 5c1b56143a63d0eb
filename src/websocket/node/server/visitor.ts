import type { Duplex } from 'node:stream'
import type { SocketKind } from '../../../net/socket-kind.js'
import { HandshakeRefusedError } from '../../handshake-refused-error.js'
import type { AcceptedLink } from '../message-link.js'
import type { PendingWire } from '../pending-wire.js'
import type { Refusal } from './web-socket-place.js'

/** Who wants to be let in, and what he will be. */
export interface Visitor {
  readonly link: AcceptedLink
  readonly wire: PendingWire
  readonly socket: Duplex
  readonly kind: SocketKind
}

export function refusalError({ status = 403, headers = {}, body = '' }: Refusal, cause?: Error): HandshakeRefusedError {
  return new HandshakeRefusedError({ status, headers, body }, `refused with ${status}: ${body.trim()}`, { cause })
}
