import { timer, type Subscription } from 'rxjs'

const LOOKS = 4

/**
 * Finds those whose counter has stood still for `timeout`, by looking at all of them four times within that span: one timer for all
 * (none while there is nobody to watch), nothing to do per packet. Who is silent from the start is found at `timeout` exactly, others
 * at most a quarter of it later.
 */
export class Sweep<T> {
  readonly #timeout: number
  readonly #read: (item: T) => number | undefined
  readonly #still: (item: T) => void
  readonly #watched = new Map<T, { reading: number | undefined; looks: number }>()
  #timer: Subscription | undefined
  #looking = false

  /**
   * @param timeout milliseconds; `Infinity` for none
   * @param read the counter, or `undefined` for one that need not be watched any more
   */
  constructor(timeout: number, read: (item: T) => number | undefined, still: (item: T) => void) {
    this.#timeout = timeout
    this.#read = read
    this.#still = still
  }

  add(item: T): void {
    if (this.#timeout === Infinity || this.#watched.has(item)) return
    // Time is counted in looks, as a clock may be set; what has passed of the first one does not count.
    const looks = this.#timer === undefined && !this.#looking ? 0 : -1
    this.#watched.set(item, { reading: this.#read(item), looks })
    const every = this.#timeout / LOOKS
    this.#timer ??= timer(every, every).subscribe(() => {
      this.#look()
    })
  }

  delete(item: T): void {
    if (this.#watched.delete(item) && this.#watched.size === 0) this.#stop()
  }

  clear(): void {
    this.#watched.clear()
    this.#stop()
  }

  #look(): void {
    this.#looking = true
    for (const [item, seen] of this.#watched) {
      const reading = this.#read(item)
      if (reading === undefined) this.delete(item)
      else if (reading !== seen.reading) {
        seen.reading = reading
        seen.looks = 0
      } else if (++seen.looks === LOOKS) {
        this.delete(item)
        this.#still(item)
      }
    }
    this.#looking = false
  }

  #stop(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }
}
