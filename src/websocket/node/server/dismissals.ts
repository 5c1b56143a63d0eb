import type { Duplex } from 'node:stream'
import { connectionOptions, type ConnectionOptions } from '../../../connection/connection-options.js'
import { Deadlines } from '../../../connection/deadlines.js'
import { answerHead, refusalHeaders } from '../handshake/http-answer.js'
import type { Refusal } from './web-socket-place.js'

/** Those who are turned away, and have to be gone in time whether they read why or not. */
export class Dismissals {
  readonly #deadlines: Deadlines<Duplex>

  constructor(options: ConnectionOptions) {
    this.#deadlines = new Deadlines(connectionOptions(options).closeTimeout, socket => socket.destroy())
  }

  /** Turns away whoever is at a socket, as its last answer. */
  turnAway(socket: Duplex, refusal: Refusal): void {
    const { status = 403, body = '' } = refusal
    this.end(socket, answerHead(status, refusalHeaders(refusal)) + body)
  }

  /** @param last what is said at the very end */
  end(socket: Duplex, last?: string): void {
    this.#deadlines.add(socket)
    socket
      .on('error', () => undefined)
      .once('close', () => {
        this.#deadlines.delete(socket)
      })
      .end(last)
    // RFC 9112 section 9.6: what is left unread would make a reset of our end, in which the answer is lost.
    socket.resume()
  }
}
