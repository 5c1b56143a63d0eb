import { toggleMask } from './mask.js'

/** Up to how many bytes are allocated because a header has said that they will come. */
const TRUSTED = 16 * 1024

/**
 * What has come of a message that is not complete: its bytes in one piece, which grows with what comes and not with what is announced.
 *
 * Whoever sends one byte at a time makes us hold no more than twice what he has sent.
 */
export class Payload {
  length = 0
  #bytes: Buffer | undefined

  /**
   * Takes a part of a chunk.
   *
   * @param expected how long it all may become, as far as is known
   * @param mask as it is at `start`
   */
  append(chunk: Buffer, start: number, end: number, mask: number, expected: number): void {
    const from = this.length
    const length = from + end - start
    const bytes = this.#room(length, expected)
    chunk.copy(bytes, from, start, end)
    if (mask !== 0) toggleMask(bytes, from, length, mask)
    this.length = length
  }

  take(): Buffer {
    const bytes = (this.#bytes ?? Buffer.alloc(0)).subarray(0, this.length)
    this.#bytes = undefined
    this.length = 0
    return bytes
  }

  #room(length: number, expected: number): Buffer {
    const had = this.#bytes
    if (had !== undefined && had.length >= length) return had
    const bytes = Buffer.allocUnsafe(Math.max(length, Math.min(expected, Math.max(TRUSTED, 2 * length))))
    had?.copy(bytes, 0, 0, this.length)
    this.#bytes = bytes
    return bytes
  }
}
