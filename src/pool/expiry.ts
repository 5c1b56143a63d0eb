import type { Subscription } from 'rxjs'
import { after, now } from '../connection/clock.js'

/** Deadlines that differ, with one timer for all of them: that of the first. */
export class Expiry<T> {
  readonly #expired: (item: T) => void
  readonly #due = new Map<T, number>()
  #timer: Subscription | undefined
  #next = Infinity

  constructor(expired: (item: T) => void) {
    this.#expired = expired
  }

  /** @param at milliseconds since 1970; `Infinity` for never */
  set(item: T, at: number): void {
    this.#due.set(item, at)
    if (at < this.#next) this.#wait(at)
  }

  delete(item: T): void {
    this.#due.delete(item)
  }

  clear(): void {
    this.#due.clear()
    this.#timer?.unsubscribe()
    this.#timer = undefined
    this.#next = Infinity
  }

  #wait(at: number): void {
    this.#next = at
    this.#timer?.unsubscribe()
    this.#timer = after(Math.min(Math.max(0, at - now()), LONGEST), () => {
      this.#look()
    })
  }

  #look(): void {
    const time = now()
    this.#next = Infinity
    for (const [item, due] of this.#due) {
      if (due > time) continue
      this.#due.delete(item)
      this.#expired(item)
    }
    let next = Infinity
    for (const due of this.#due.values()) next = Math.min(next, due)
    if (next < this.#next) this.#wait(next)
  }
}

/** The longest wait that a timer can do. */
const LONGEST = 2 ** 31 - 1
