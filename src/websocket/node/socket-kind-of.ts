import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Endpoint } from '../../connection/connection.js'
import { duplexKind, pathKind, tcpKind, type SocketKind } from '../../net/socket-kind.js'
import { tlsKind } from '../../net/tls-kind.js'

/**
 * What a socket is that somebody else has made.
 *
 * @param bound where it was accepted
 */
export function socketKindOf(socket: Duplex, bound?: Endpoint): SocketKind {
  if (!(socket instanceof Socket)) return duplexKind
  const kind = bound?.address.startsWith('/') === true ? pathKind(bound.address) : tcpKind
  return socket instanceof TLSSocket ? tlsKind(socket, socket, kind) : kind
}
