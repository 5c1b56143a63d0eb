import type { Duplex } from 'node:stream'
import { asError } from '../connection/errors.js'
import type { Handshake, HandshakeResult } from './handshake.js'
import type { SocketKind } from './socket-kind.js'

/** A handshake that a wire awaits: to come, until all that is clear has gone out, and then under way, until its result. */
export class Securing {
  readonly #handshake: Handshake
  readonly #told: (error?: Error) => void
  #abort: (() => void) | undefined
  #over = false

  constructor(handshake: Handshake, told: (error?: Error) => void) {
    this.#handshake = handshake
    this.#told = told
  }

  get underWay(): boolean {
    return this.#abort !== undefined
  }

  begin(socket: Duplex, kind: SocketKind, done: (result: HandshakeResult) => void): void {
    try {
      this.#abort = this.#handshake(socket, kind, result => {
        this.#over = true
        done(result)
      })
    } catch (thrown) {
      done({ error: asError(thrown) })
    }
  }

  /** Gives it up; its result follows. One that has failed closes by itself. */
  abort(): void {
    if (!this.#over) this.#abort?.()
  }

  /** Tells whoever asked for it how it has ended. */
  tell(error?: Error): void {
    this.#told(error)
  }
}
