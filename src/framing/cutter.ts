import { ByteQueue } from './byte-queue.js'
import type { Decoder, DecoderOwner } from './codec.js'
import { tooLong, truncated } from './frame-errors.js'
import type { FrameOptions } from './frame-options.js'
import type { Slab } from './slab.js'

export const NOTHING = new Uint8Array()

/**
 * What all decoders of frames do: keep the place in the chunk at hand, carry an unfinished frame to the next chunk, and
 * come to an end.
 *
 * `emit` may call `rest` or `decode` in turn, so the place is written down before each call and read again behind it.
 */
export abstract class Cutter<In> implements Decoder<In> {
  /** What has arrived last, decoded up to `at`. */
  protected chunk: Uint8Array = NOTHING
  protected at = 0
  /** The start of a frame that came with earlier chunks. */
  protected readonly carried: ByteQueue

  readonly #options: Required<FrameOptions>
  readonly #owner: DecoderOwner | undefined
  #fault: { readonly thrown: unknown } | undefined

  constructor(slab: Slab, options: Required<FrameOptions>, owner: DecoderOwner | undefined) {
    this.carried = new ByteQueue(slab)
    this.#options = options
    this.#owner = owner
  }

  decode(chunk: Uint8Array, emit: (packet: In) => boolean): void {
    if (chunk.length > 0) this.#feed(chunk)
    this.#proceed(emit)
  }

  rest(): Uint8Array {
    this.carry()
    const rest = this.carried.take(this.carried.length)
    this.reset()
    return rest
  }

  end(emit: (packet: In) => boolean): void {
    if (!this.#proceed(emit)) return
    const size = this.carried.length
    if (size === 0 && !this.skipping) return
    const { tail } = this.#options
    if (tail === 'error') throw truncated(size)
    const rest = this.carried.take(size)
    const emits = tail === 'emit' && !this.skipping
    this.reset()
    if (emits) emit(this.unfinished(rest))
  }

  /** Emits what is complete and carries the rest; `false` when it was stopped. */
  protected abstract cut(emit: (packet: In) => boolean): boolean

  /** Makes a packet of the part of a frame that was there at the end. */
  protected abstract unfinished(rest: Uint8Array): In

  /** Whether a frame that is too long is being left out. */
  protected abstract get skipping(): boolean

  /** Forgets the frame that has begun. */
  protected reset(): void {
    this.carried.clear()
  }

  /** Carries what is left of the chunk. */
  protected carry(): void {
    if (this.at < this.chunk.length) this.carried.push(this.chunk, this.at)
    this.chunk = NOTHING
    this.at = 0
  }

  /** A frame is too long: throws, or tells that it is left out and answers whether to go on. */
  protected oversize(size: number, limit: number, option?: string): boolean {
    if (this.#options.onOversize === 'error' || !Number.isSafeInteger(size)) throw tooLong(size, limit, option)
    return this.#owner?.skipped(size) ?? true
  }

  #feed(chunk: Uint8Array): void {
    if (this.at < this.chunk.length) {
      const kept = this.chunk.length - this.at
      const both = new Uint8Array(kept + chunk.length)
      both.set(this.chunk.subarray(this.at))
      both.set(chunk, kept)
      this.chunk = both
    } else this.chunk = chunk
    this.at = 0
  }

  #proceed(emit: (packet: In) => boolean): boolean {
    if (this.#fault !== undefined) throw this.#fault.thrown
    try {
      const finished = this.cut(emit)
      if (this.at >= this.chunk.length) {
        this.chunk = NOTHING
        this.at = 0
      }
      return finished
    } catch (thrown) {
      this.#fault = { thrown }
      throw thrown
    }
  }
}
