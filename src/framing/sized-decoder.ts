import { Cutter } from './cutter.js'
import type { DecoderOwner } from './codec.js'
import type { FrameOptions } from './frame-options.js'
import type { Slab } from './slab.js'

/** A format whose frames start with a header that tells how long they are. */
export interface FrameShape {
  /** The bytes of the longest header: with so many at hand, `size` has an answer. */
  readonly longestHeader: number
  /** Fewer bytes than this are no header, and need not be put together. Told where headers can be long. Default 0. */
  readonly shortestHeader?: number
  /** What ends a frame behind its packet. */
  readonly trailer: number
  /**
   * The size of the whole frame that starts at `at`, or 0 while more of its header is needed. Throws where there can be
   * none.
   */
  size(bytes: Uint8Array, at: number): number
  /** At how many bytes into a complete frame its packet starts. Throws where the frame is wrong. */
  start(bytes: Uint8Array, at: number, size: number): number
}

/**
 * The decoder of every format that tells sizes.
 *
 * A frame that lies within a chunk becomes a view of it, made with the constructor since that is twice as fast as
 * `subarray`. One that spans chunks is joined once, when all of it is there: a declared length alone makes us allocate
 * nothing.
 */
export class SizedDecoder extends Cutter<Uint8Array> {
  readonly #shape: FrameShape
  readonly #limit: number
  /** The size of the carried frame, once its header is complete. */
  #size = 0
  /** How many bytes are still to be left out. */
  #skip = 0

  constructor(shape: FrameShape, slab: Slab, options: Required<FrameOptions>, owner: DecoderOwner | undefined) {
    super(slab, options, owner)
    this.#shape = shape
    this.#limit = options.maxFrameLength
  }

  protected get skipping(): boolean {
    return this.#skip > 0
  }

  protected cut(emit: (packet: Uint8Array) => boolean): boolean {
    const shape = this.#shape
    const { trailer } = shape
    for (;;) {
      if (this.#skip > 0) this.#leaveOut()
      const chunk = this.chunk
      if (this.at === chunk.length) return true
      if (this.carried.length > 0) {
        if (!this.#finishCarried(emit)) return false
        continue
      }
      const { buffer, byteOffset, length } = chunk
      while (this.chunk === chunk && this.at < length) {
        const { at } = this
        const size = shape.size(chunk, at)
        if (size > this.#limit) {
          this.#skip = size
          if (!this.oversize(size, this.#limit)) return false
          break
        }
        if (size === 0 || size > length - at) {
          this.#size = size
          this.carry()
          return true
        }
        const start = shape.start(chunk, at, size)
        this.at = at + size
        if (!emit(new Uint8Array(buffer, byteOffset + at + start, size - start - trailer))) return false
      }
    }
  }

  protected unfinished(rest: Uint8Array): Uint8Array {
    const size = this.#shape.size(rest, 0)
    return size === 0 ? rest : rest.subarray(this.#shape.start(rest, 0, size))
  }

  protected override carry(): void {
    this.#leaveOut()
    super.carry()
  }

  protected override reset(): void {
    super.reset()
    this.#size = 0
    this.#skip = 0
  }

  #finishCarried(emit: (packet: Uint8Array) => boolean): boolean {
    const { chunk, at, carried } = this
    if (this.#size === 0) {
      const size = this.#sizeOfCarried()
      if (size > this.#limit) {
        this.#skip = size - carried.length
        carried.clear()
        return this.oversize(size, this.#limit)
      }
      this.#size = size
    }
    const size = this.#size
    const missing = size - carried.length
    if (size === 0 || missing > chunk.length - at) {
      this.carry()
      return true
    }
    this.at = at + missing
    this.#size = 0
    const frame = carried.takeWith(size, chunk, at)
    const { buffer, byteOffset } = frame
    const start = this.#shape.start(frame, 0, size)
    return emit(new Uint8Array(buffer, byteOffset + start, size - start - this.#shape.trailer))
  }

  /** Puts together a header that was cut in two. */
  #sizeOfCarried(): number {
    const { longestHeader, shortestHeader = 0 } = this.#shape
    if (this.carried.length + this.chunk.length - this.at < shortestHeader) return 0
    const header = new Uint8Array(longestHeader)
    const carried = this.carried.copyTo(header)
    const added = this.chunk.subarray(this.at, this.at + header.length - carried)
    header.set(added, carried)
    return this.#shape.size(header.subarray(0, carried + added.length), 0)
  }

  #leaveOut(): void {
    const skipped = Math.min(this.#skip, this.chunk.length - this.at)
    this.#skip -= skipped
    this.at += skipped
  }
}
