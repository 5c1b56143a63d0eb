import type { Subscription } from 'rxjs'
import { after } from './clock.js'
import { Stopwatch } from './stopwatch.js'

/**
 * The same deadline for many: exact, and with one timer for all of them (none while none waits). As every wait is
 * equally long, they expire in the order in which they were added.
 */
export class Deadlines<T> {
  readonly #after: number
  readonly #expired: (item: T) => void
  /** When each of them is, by the stopwatch. */
  readonly #due = new Map<T, number>()
  readonly #stopwatch = new Stopwatch()
  #timer: Subscription | undefined

  /** @param after milliseconds; `Infinity` for none */
  constructor(after: number, expired: (item: T) => void) {
    this.#after = after
    this.#expired = expired
  }

  add(item: T): void {
    if (this.#after === Infinity || this.#due.has(item)) return
    this.#due.set(item, this.#stopwatch.elapsed + this.#after)
    this.#timer ??= this.#wait(this.#after)
  }

  delete(item: T): void {
    if (this.#due.delete(item) && this.#due.size === 0) this.#stop()
  }

  clear(): void {
    this.#due.clear()
    this.#stop()
  }

  #wait(delay: number): Subscription {
    return after(delay, () => {
      // Meanwhile the spent timer stays in its place, so that who adds something in `expired` does not wait on its own.
      for (const [item, due] of this.#due) {
        const left = due - this.#stopwatch.elapsed
        if (left > 0) {
          this.#timer?.unsubscribe()
          this.#timer = this.#wait(left)
          return
        }
        this.#due.delete(item)
        this.#expired(item)
      }
      this.#stop()
    })
  }

  #stop(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }
}
