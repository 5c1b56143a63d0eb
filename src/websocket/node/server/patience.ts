import type { Duplex } from 'node:stream'

/** How much of what a client says before it is answered is kept, in bytes. */
const MOST = 64 * 1024

/** Listens to a client that is not answered yet: whether it leaves, and what it says too early. */
export class Patience {
  readonly #socket: Duplex
  readonly #early: Buffer[]
  #size = 0
  #left: (() => void) | undefined

  /** @param head what it has said too early already */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket
    this.#early = [head]
  }

  begin(left: () => void): void {
    this.#left = left
    this.#socket.on('data', this.#hear).on('end', left).resume()
  }

  /** Listens no more, and answers what it has heard. */
  end(): Buffer {
    if (this.#left !== undefined) this.#socket.off('data', this.#hear).off('end', this.#left).pause()
    return Buffer.concat(this.#early)
  }

  readonly #hear = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#size += chunk.length
    if (this.#size > MOST) this.#socket.pause()
  }
}
