import type { DuplexWire } from './duplex-wire.js'

/** Up to how many bytes copying is cheaper than handing over a chunk of its own. */
export const COPIED = 1024

const FIRST_SLAB = 2 * 1024
const LARGEST_SLAB = 64 * 1024

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
  #owner: DuplexWire | undefined
  #dirty: DuplexWire[] = []
  #reading = false
  #scheduled = false

  /** Copies a chunk to the end of the region that `wire` has open in the slab. */
  copy(wire: DuplexWire, chunk: Uint8Array): void {
    const slab = this.#slab
    if (slab === undefined || this.#owner !== wire || this.#used + chunk.length > slab.length)
      this.#open(wire, chunk.length)
    this.#slab?.set(chunk, this.#used)
    this.#used += chunk.length
  }

  /** Closes the region that `wire` has open, and answers it. */
  take(wire: DuplexWire): Uint8Array | undefined {
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
    // An idle connection keeps no slab: a small one comes from Node's pool and is made anew at no cost, a large one was for a large turn.
    if (this.#used === 0 && (slab.length === FIRST_SLAB || region.length < FIRST_SLAB)) this.#slab = undefined
  }

  /** `wire` has something to write at the end of this turn. */
  add(wire: DuplexWire): void {
    this.#dirty.push(wire)
    if (this.#reading || this.#scheduled) return
    this.#scheduled = true
    // The end of the tick: neither a timer nor a promise, and the only place where Sluice asks Node for it.
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  beginRead(): void {
    this.#reading = true
  }

  endRead(): void {
    this.#reading = false
    if (this.#dirty.length > 0) this.#flush()
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const wire of dirty) wire.flush()
  }

  #open(wire: DuplexWire, size: number): void {
    this.#owner?.seal()
    const slab = this.#slab
    if (slab === undefined || this.#used + size > slab.length) {
      const larger = slab === undefined ? FIRST_SLAB : Math.min(slab.length * 4, LARGEST_SLAB)
      this.#slab = larger === FIRST_SLAB ? Buffer.allocUnsafe(larger) : Buffer.allocUnsafeSlow(larger)
      this.#used = 0
    }
    this.#owner = wire
    this.#start = this.#used
  }
}
