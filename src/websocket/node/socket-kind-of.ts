import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { duplexKind, tcpKind, type SocketKind } from '../../net/socket-kind.js'
import { tlsKind } from '../../net/tls-kind.js'

/**
 * What a socket is that somebody else has made.
 *
 * @param kind what it is, if it is one of Node's and not secure
 */
export function socketKindOf(socket: Duplex, kind = tcpKind): SocketKind {
  if (!(socket instanceof Socket)) return duplexKind
  return socket instanceof TLSSocket ? tlsKind(socket, socket, kind) : kind
}
