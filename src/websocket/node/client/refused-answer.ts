import type { IncomingMessage } from 'node:http'
import { HandshakeRefusedError } from '../../handshake-refused-error.js'

/** How much of an answer's body is kept, in bytes. */
const LONGEST_BODY = 64 * 1024

/** An answer that is no upgrade: what it says is read as far as it is of use. */
export class RefusedAnswer {
  readonly #response: IncomingMessage
  readonly #chunks: Buffer[] = []
  #size = 0

  /** @param read told once all of it is there that will be */
  constructor(response: IncomingMessage, read: (error: HandshakeRefusedError) => void) {
    this.#response = response
    const done = (): void => {
      read(this.error)
    }
    response
      .on('data', (chunk: Buffer) => {
        this.#chunks.push(chunk)
        this.#size += chunk.length
        if (this.#size >= LONGEST_BODY) done()
      })
      .on('error', () => undefined)
      .on('close', done)
  }

  get error(): HandshakeRefusedError {
    const { statusCode: status = 0, statusMessage = '', headers } = this.#response
    const body = Buffer.concat(this.#chunks).subarray(0, LONGEST_BODY).toString()
    return new HandshakeRefusedError(
      { status, headers, body },
      `the server answered ${`${status} ${statusMessage}`.trim()} in place of an upgrade`,
    )
  }
}
