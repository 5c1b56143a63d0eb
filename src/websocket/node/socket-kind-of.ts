import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { duplexKind, tcpKind, type SocketKind } from '../../net/socket-kind.js'
import { tlsKind } from '../../net/tls-kind.js'

/** What a socket is that somebody else has made. */
export function socketKindOf(socket: Duplex): SocketKind {
  if (socket instanceof TLSSocket) return tlsKind(socket, socket, tcpKind)
  return socket instanceof Socket ? tcpKind : duplexKind
}
