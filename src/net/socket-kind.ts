import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Endpoint, TlsSession } from '../connection/connection.js'
import { localEndpoint, remoteEndpoint } from './endpoint.js'
import { handleOf } from './socket-handle.js'

/** What differs between the kinds of Node's duplexes. */
export interface SocketKind {
  readonly local: (socket: Duplex) => Endpoint | undefined
  readonly remote: (socket: Duplex) => Endpoint | undefined
  readonly tls: (socket: Duplex) => TlsSession | undefined
  /** Whether what was written may still be held by the duplex, or by one behind it: streams pass on the very bytes they were given. */
  readonly keeps: boolean
  /** How much of the last write the system has not taken yet, where that can be known. */
  readonly pending: (socket: Duplex) => number | undefined
  /** Reads no more than fits into its buffer. */
  readonly pause: (socket: Duplex) => void
  /** Ends both directions so that the peer can see that it was no orderly end. */
  readonly abort: (socket: Duplex) => void
}

const nothing = () => undefined

/** A TCP socket: aborting it resets the connection, so that the peer can't take it for an orderly end. */
export const tcpKind: SocketKind = {
  local: socket => localEndpoint(socket as Socket),
  remote: socket => remoteEndpoint(socket as Socket),
  tls: nothing,
  keeps: false,
  pending,
  pause: pauseStream,
  abort(socket) {
    const { connecting } = socket as Socket
    if (connecting || isShutting(socket)) socket.destroy()
    else (socket as Socket).resetAndDestroy()
  },
}

/** One that was accepted, on what is bound: its local end, unless that is every address. */
export function acceptedKind(bound: () => Endpoint): SocketKind {
  return { ...tcpKind, local: socket => localEndpoint(socket as Socket) ?? bound() }
}

/** While a FIN is on its way to the system a reset is refused (and Node would never close); nothing is left that it could abort. */
function isShutting({ writableEnded, writableFinished, writableLength }: Duplex): boolean {
  return writableEnded && !writableFinished && writableLength === 0
}

/** A Unix socket, both ends of which are named by the path. */
export function pathKind(path: string): SocketKind {
  const endpoint = () => ({ address: path })
  return { local: endpoint, remote: endpoint, tls: nothing, keeps: false, pending, pause: pauseStream, abort }
}

/** Any other duplex, which may be of a build of streams that is not Node's. */
export const duplexKind: SocketKind = {
  local: nothing,
  remote: nothing,
  tls: nothing,
  keeps: true,
  pending: nothing,
  pause: socket => socket.pause(),
  abort,
}

/** A socket's own pause would stop reading at once, and then not even a reset of the peer were seen. */
export function pauseStream(socket: Duplex): void {
  Duplex.prototype.pause.call(socket)
}

function abort(socket: Duplex): void {
  socket.destroy()
}

/** Node tells only of whole writes, and may have handed over most of one: its handle knows. */
function pending(socket: Duplex): number | undefined {
  return handleOf(socket)?.writeQueueSize
}
