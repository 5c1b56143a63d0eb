import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { asError, SluiceError } from '../connection/errors.js'
import type { SocketKind } from './socket-kind.js'
import { tlsKind } from './tls-kind.js'

/** What a handshake has made of a socket; or what went wrong, and then the socket closes. */
export type HandshakeResult = { readonly socket: Duplex; readonly kind: SocketKind } | { readonly error: Error }

type Tell = (result: HandshakeResult) => void

/** Starts to make a secure socket of a connected one. It tells one result, and answers how to give up until then. */
export type Handshake = (socket: Duplex, kind: SocketKind, tell: Tell) => () => void

/** One handshake over one socket: the first result counts. */
export class HandshakeRun {
  readonly #socket: Duplex
  readonly #kind: SocketKind
  /** Forgotten when it is told: whatever is kept of this as long as the socket lasts, is not to keep that too. */
  #tell: Tell | undefined

  constructor(socket: Duplex, kind: SocketKind, tell: Tell) {
    this.#socket = socket
    this.#kind = kind
    this.#tell = tell
    // Half-open comes after the handshake: during it, a peer that ends is one that has left.
    socket.allowHalfOpen = false
  }

  succeed(secure: TLSSocket): void {
    if (this.#socket.destroyed) {
      this.fail(handshakeEnded()) // Given up at the last moment: the secure socket closes with the one beneath it.
      return
    }
    this.#socket.allowHalfOpen = secure.allowHalfOpen = true
    this.#settle({ socket: secure, kind: tlsKind(secure, this.#socket, this.#kind) })
  }

  fail(error: Error): void {
    this.#settle({ error: asError(error) })
  }

  #settle(result: HandshakeResult): void {
    const tell = this.#tell
    this.#tell = undefined
    tell?.(result)
  }
}

export function handshakeEnded(): SluiceError {
  return new SluiceError('ERR_HANDSHAKE_ENDED', 'the connection has ended during the handshake')
}
