const FIRST = 2 * 1024
const LARGEST = 64 * 1024
/** What is larger gets an array of its own. */
export const LARGEST_PART = 16 * 1024

/**
 * Where bytes are put that have to be copied: parts of a large array are far cheaper than an array each. A part that is
 * held keeps its whole slab alive, 64 KiB at most.
 */
export class Slab {
  #bytes = new Uint8Array()
  #used = 0

  /** Bytes that nobody else has or will get, to be filled. */
  take(size: number): Uint8Array {
    if (size > LARGEST_PART) return new Uint8Array(size)
    if (this.#used + size > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(size, Math.min(Math.max(this.#bytes.length * 4, FIRST), LARGEST)))
      this.#used = 0
    }
    const start = this.#used
    this.#used += size
    return new Uint8Array(this.#bytes.buffer, start, size)
  }

  /** The last bytes of what was taken last were not needed. */
  giveBack(size: number): void {
    this.#used -= size
  }
}
