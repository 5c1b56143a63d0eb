/** Up to how many bytes copying is cheaper than handing over a chunk of its own. */
export const COPIED = 1024

const FIRST_SLAB = COPIED
const LARGEST_SLAB = 64 * 1024

/** Below this a loop copies faster than the call of a function does. */
const TINY = 8

/** A wire whose small chunks are gathered. */
export interface Gathered {
  /** Takes what it has in the slab, which another one needs. */
  seal(): void
  flush(): void
}

/**
 * Gathers what is sent in one turn, so that it costs one system call per connection and not one per packet: small chunks are copied side by side
 * into a slab that the connections of one subscription share.
 *
 * A turn is a read dispatch, or, for what is sent outside of one, the tick.
 */
export class Gather {
  #slab: Buffer | undefined
  #start = 0
  #used = 0
  #owner: Gathered | undefined
  #dirty: Gathered[] = []
  #reader: Gathered | undefined
  #scheduled = false
  readonly #shared: boolean

  /** @param shared whether many connections have it: then it keeps its slab, which is too much for one that is idle */
  constructor(shared = false) {
    this.#shared = shared
  }

  /** Copies a chunk to the end of the region that `wire` has open in the slab. */
  copy(wire: Gathered, chunk: Uint8Array): void {
    let slab = this.#slab
    const { length } = chunk
    if (slab === undefined || this.#owner !== wire || this.#used + length > slab.length) slab = this.#open(wire, length)
    const at = this.#used
    if (length > TINY) slab.set(chunk, at)
    else for (let index = 0; index < length; index += 1) slab[at + index] = chunk[index] ?? 0
    this.#used = at + length
  }

  /** Closes the region that `wire` has open, and answers it. */
  take(wire: Gathered): Uint8Array | undefined {
    if (this.#owner !== wire) return undefined
    this.#owner = undefined
    return this.#slab?.subarray(this.#start, this.#used)
  }

  /** The last region that was taken has gone out and may be overwritten. */
  reuse(region: Uint8Array): void {
    const slab = this.#slab
    if (this.#owner !== undefined || slab?.buffer !== region.buffer || this.#used !== this.#start + region.length)
      return
    this.#used = this.#start
    // An idle connection keeps no slab: a small one comes from Node's pool and is made anew at little cost, a large one
    // was for a large turn.
    if (this.#used > 0 || this.#shared) return
    if (slab.length === FIRST_SLAB || region.length < FIRST_SLAB) this.#slab = undefined
  }

  /** `wire` has something to write at the end of this turn. */
  add(wire: Gathered): void {
    if (wire === this.#reader) return
    this.#dirty.push(wire)
    if (this.#reader !== undefined || this.#scheduled) return
    this.#scheduled = true
    // The end of the tick: neither a timer nor a promise, and the only place where Sluice asks Node for it.
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  /** `wire` tells what it has read, and flushes itself when it has. */
  beginRead(wire: Gathered): void {
    this.#reader = wire
  }

  endRead(): void {
    this.#reader = undefined
    if (this.#dirty.length > 0) this.#flush()
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const wire of dirty) wire.flush()
  }

  #open(wire: Gathered, size: number): Buffer {
    this.#owner?.seal()
    let slab = this.#slab
    if (slab === undefined || this.#used + size > slab.length) {
      const larger = slab === undefined ? FIRST_SLAB : Math.min(slab.length * 4, LARGEST_SLAB)
      slab = larger === FIRST_SLAB ? Buffer.allocUnsafe(larger) : Buffer.allocUnsafeSlow(larger)
      this.#slab = slab
      this.#used = 0
    }
    this.#owner = wire
    this.#start = this.#used
    return slab
  }
}
