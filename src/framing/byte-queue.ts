import type { Slab } from './slab.js'

/**
 * Up to how many bytes a chunk is copied rather than kept: a peer that sends single bytes must not cost an array for
 * each of them.
 */
const SMALL = 128
const BLOCK = 512

const NONE = new Uint8Array()

/**
 * Bytes that arrive in chunks and are wanted in other pieces: each is copied at most twice, however they come and go.
 */
export class ByteQueue {
  length = 0

  readonly #slab: Slab
  /** Those from `#first` up to `#last` are there, the first of them without `#head` bytes. */
  readonly #chunks: Uint8Array[] = []
  #first = 0
  #last = 0
  #head = 0
  /** Small chunks, behind the others. It is never handed out, so it can be used again and again. */
  #block: Uint8Array = NONE
  #blockHead = 0
  #blockEnd = 0
  /** The newest, between two places, behind all: often it is taken before another comes, and never put away. */
  #newest: Uint8Array = NONE
  #from = 0
  #to = 0

  constructor(slab: Slab) {
    this.#slab = slab
  }

  /** Adds the bytes of a chunk between two places. */
  push(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#putAway()
    this.#newest = bytes
    this.#from = from
    this.#to = to
    this.length += to - from
  }

  /** Takes the first `size` bytes, of which there must be so many: a view where they lie in one chunk, else joined. */
  take(size: number): Uint8Array {
    this.#putAway()
    const chunk = this.#first < this.#last ? (this.#chunks[this.#first] ?? NONE) : NONE
    const { buffer, byteOffset, length } = chunk
    if (size > length - this.#head) return this.takeWith(size, NONE, 0)
    const taken = new Uint8Array(buffer, byteOffset + this.#head, size)
    this.#drop(size)
    return taken
  }

  /**
   * Takes the first `size` bytes, of which those that are not here are those of `bytes` from `from`: joined in one go.
   */
  takeWith(size: number, bytes: Uint8Array, from: number): Uint8Array {
    const joined = this.#slab.take(size)
    const { length } = this
    if (length === this.#to - this.#from && length <= size) {
      copy(this.#newest, this.#from, this.#to, joined, 0)
      this.clear()
    } else this.#drop(this.copyTo(joined))
    if (length < size) copy(bytes, from, from + size - length, joined, length)
    return joined
  }

  /** Copies what comes first into `target`, as far as both go, and answers how many bytes that were. */
  copyTo(target: Uint8Array): number {
    this.#putAway()
    let filled = 0
    for (let index = this.#first; index < this.#last; index += 1) {
      const chunk = this.#chunks[index] ?? NONE
      const from = index === this.#first ? this.#head : 0
      const size = Math.min(chunk.length - from, target.length - filled)
      copy(chunk, from, from + size, target, filled)
      filled += size
    }
    const size = Math.min(this.#blockEnd - this.#blockHead, target.length - filled)
    copy(this.#block, this.#blockHead, this.#blockHead + size, target, filled)
    return filled + size
  }

  /**
   * Shows what lies behind the first `from` bytes, piece by piece, until it is answered `false`. The pieces are not to
   * be kept.
   */
  forEach(from: number, visit: (piece: Uint8Array) => boolean): void {
    this.#putAway()
    let before = from + this.#head
    for (let index = this.#first; index < this.#last; index += 1) {
      const chunk = this.#chunks[index] ?? NONE
      if (before < chunk.length && !visit(chunk.subarray(before))) return
      before = Math.max(0, before - chunk.length)
    }
    const start = this.#blockHead + before
    if (start < this.#blockEnd) visit(this.#block.subarray(start, this.#blockEnd))
  }

  clear(): void {
    this.length -= this.#to - this.#from
    this.#forgetNewest()
    if (this.length > 0) this.#drop(this.length)
  }

  /** Another chunk comes behind the newest one. */
  #putAway(): void {
    const size = this.#to - this.#from
    if (size > SMALL) {
      this.#sealBlock()
      this.#add(part(this.#newest, this.#from, this.#to))
    } else if (size > 0) {
      if (this.#blockEnd + size > this.#block.length) {
        this.#sealBlock()
        this.#block = new Uint8Array(BLOCK)
      }
      copy(this.#newest, this.#from, this.#to, this.#block, this.#blockEnd)
      this.#blockEnd += size
    }
    this.#forgetNewest()
  }

  #forgetNewest(): void {
    this.#newest = NONE
    this.#from = 0
    this.#to = 0
  }

  #add(chunk: Uint8Array): void {
    this.#chunks[this.#last] = chunk
    this.#last += 1
  }

  #sealBlock(): void {
    if (this.#blockHead === this.#blockEnd) return
    this.#add(this.#block.subarray(this.#blockHead, this.#blockEnd))
    this.#block = NONE
    this.#blockHead = 0
    this.#blockEnd = 0
  }

  #drop(size: number): void {
    this.length -= size
    let left = this.#head + size
    while (this.#first < this.#last) {
      const { length } = this.#chunks[this.#first] ?? NONE
      if (left < length) break
      left -= length
      this.#chunks[this.#first] = NONE
      this.#first += 1
    }
    if (this.#first < this.#last) this.#head = left
    else {
      this.#blockHead += left
      this.#head = 0
      this.#first = 0
      this.#last = 0
    }
    if (this.#blockHead === this.#blockEnd) {
      this.#blockHead = 0
      this.#blockEnd = 0
    }
    if (this.#first >= 64) this.#shift()
  }

  /** Closes the gap that the chunks which are gone have left, when it is as large as what is there. */
  #shift(): void {
    if (this.#first * 2 < this.#last) return
    this.#chunks.copyWithin(0, this.#first, this.#last)
    this.#chunks.fill(NONE, this.#last - this.#first, this.#last)
    this.#last -= this.#first
    this.#first = 0
  }
}

/** A view is made only of what is not whole. */
function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}

/** For a few bytes a loop is cheaper than the view that `set` needs. */
function copy(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from > 16) target.set(part(source, from, to), at)
  else for (let index = from; index < to; index += 1) target[at + index - from] = source[index] ?? 0
}
