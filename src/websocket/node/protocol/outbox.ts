import { COMPRESSED } from './frame.js'
import type { Deflater } from './deflater.js'

interface Waiting {
  readonly first: number
  readonly payload: Uint8Array
}

/** Who sends what an outbox has ready. */
export interface Sender {
  /** @param had how long the payload was before */
  sendFrame(first: number, payload: Uint8Array, had: number): void
  /** A message could not be compressed. */
  failed(error: Error): void
  /** Nothing waits any more. */
  drained(): void
}

/** Messages that are compressed one after the other, and those that have to wait behind them. */
export class Outbox {
  readonly #deflater: Deflater
  readonly #sender: Sender
  #waiting: Waiting[] = []
  #running = false

  constructor(deflater: Deflater, sender: Sender) {
    this.#deflater = deflater
    this.#sender = sender
  }

  get busy(): boolean {
    return this.#running
  }

  /** Whether a message has to go through here. */
  takes(length: number): boolean {
    return this.#running || this.#deflater.takes(length)
  }

  take(first: number, payload: Uint8Array): void {
    this.#waiting.push({ first, payload })
    if (!this.#running) this.#next()
  }

  close(): void {
    this.#waiting = []
    this.#deflater.close()
  }

  #next(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { first, payload } = next
      if (this.#deflater.takes(payload.length)) {
        this.#compress(first, payload)
        return
      }
      this.#sender.sendFrame(first, payload, payload.length)
    }
    if (!this.#running) return
    this.#running = false
    this.#sender.drained()
  }

  #compress(first: number, payload: Uint8Array): void {
    this.#running = true
    this.#deflater.run(payload, (error, bytes) => {
      if (error !== undefined || bytes === undefined) {
        this.#sender.failed(error ?? new Error('nothing came out'))
        return
      }
      const { length } = payload
      if (this.#deflater.isWorth(length, bytes.length)) this.#sender.sendFrame(first | COMPRESSED, bytes, length)
      else this.#sender.sendFrame(first, payload, length)
      this.#next()
    })
  }
}
