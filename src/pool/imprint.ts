import type { Encoder } from '../connection/encoded.js'

/** Up to how many bytes a piece is copied: side by side, the pieces of many packets are one write. */
const COPIED = 1024

const FIRST_SLAB = 1024
const LARGEST_SLAB = 64 * 1024

/**
 * Encodes packets for many connections, each once. What is encoded in a turn lies side by side, so that all of it costs
 * a connection a single write. Nothing is ever overwritten: who is slow may keep it for as long as it takes.
 */
export class Imprint<in Out> {
  readonly #encoder: Encoder<Out>
  #slab = new Uint8Array()
  #start = 0
  #used = 0
  #pieces: Uint8Array[] = []
  readonly #write = (bytes: Uint8Array): void => {
    if (bytes.length > COPIED) {
      this.#cut()
      this.#pieces.push(bytes)
      return
    }
    if (this.#used + bytes.length > this.#slab.length) this.#open(bytes.length)
    this.#slab.set(bytes, this.#used)
    this.#used += bytes.length
  }

  constructor(encoder: Encoder<Out>) {
    this.#encoder = encoder
  }

  /** The bytes of a packet. Throws what its encoder throws. */
  of(packet: Out): readonly Uint8Array[] {
    this.#pieces = []
    this.#used = this.#start
    this.#encoder.encode(packet, this.#write)
    this.#cut()
    return this.#pieces
  }

  #cut(): void {
    if (this.#used > this.#start) this.#pieces.push(this.#slab.subarray(this.#start, this.#used))
    this.#start = this.#used
  }

  #open(size: number): void {
    this.#cut()
    this.#slab = new Uint8Array(Math.max(size, Math.min(Math.max(this.#slab.length * 4, FIRST_SLAB), LARGEST_SLAB)))
    this.#start = this.#used = 0
  }
}
