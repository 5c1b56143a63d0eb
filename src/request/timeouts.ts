import type { Subscription } from 'rxjs'
import { after } from '../connection/clock.js'
import { Stopwatch } from '../connection/stopwatch.js'
import type { Ask } from './ask.js'

/**
 * The deadlines of asks: exact, and with one timer for all. Nothing is searched when an ask is answered, and the timer
 * goes on: it may find nobody.
 */
export class Timeouts {
  readonly #expired: (ask: Ask) => void
  readonly #usual: Row
  readonly #rows = new Map<number, Row>()
  /** By which all times are counted. */
  readonly #stopwatch = new Stopwatch()
  #timer: Subscription | undefined
  #wakesAt = Infinity

  /** @param usual the timeout of most, in milliseconds */
  constructor(usual: number, expired: (ask: Ask) => void) {
    this.#expired = expired
    this.#usual = new Row(usual)
    this.#rows.set(usual, this.#usual)
  }

  add(ask: Ask): void {
    const { timeout } = ask
    if (timeout === Infinity) return
    ask.due = this.#stopwatch.elapsed + timeout
    this.#rowOf(timeout).add(ask)
    if (ask.due < this.#wakesAt) this.#wake(timeout)
  }

  delete(ask: Ask): void {
    if (ask.timeout === Infinity) return
    const row = this.#rowOf(ask.timeout)
    row.delete(ask)
    if (row.first === undefined && row !== this.#usual) this.#rows.delete(row.timeout)
  }

  stop(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
    this.#wakesAt = Infinity
  }

  #rowOf(timeout: number): Row {
    if (timeout === this.#usual.timeout) return this.#usual
    let row = this.#rows.get(timeout)
    if (row === undefined) this.#rows.set(timeout, (row = new Row(timeout)))
    return row
  }

  #wake(delay: number): void {
    this.#timer?.unsubscribe()
    this.#wakesAt = this.#stopwatch.elapsed + delay
    this.#timer = after(Math.max(0, delay), () => {
      this.#wakesAt = Infinity
      for (const row of this.#rows.values()) this.#expire(row)
      const next = Math.min(...[...this.#rows.values()].map(row => this.#leftOf(row)))
      if (this.#stopwatch.elapsed + next < this.#wakesAt) this.#wake(next)
    })
  }

  #expire(row: Row): void {
    while (row.first !== undefined && this.#leftOf(row) <= 0) this.#expired(row.first)
  }

  /** How long the first one has left. */
  #leftOf({ first }: Row): number {
    return first === undefined ? Infinity : first.due - this.#stopwatch.elapsed
  }
}

/** Those that wait equally long: they expire in the order in which they came. */
class Row {
  readonly timeout: number
  first: Ask | undefined = undefined
  #last: Ask | undefined = undefined

  constructor(timeout: number) {
    this.timeout = timeout
  }

  add(ask: Ask): void {
    ask.earlier = this.#last
    if (this.#last === undefined) this.first = ask
    else this.#last.later = ask
    this.#last = ask
  }

  delete(ask: Ask): void {
    const { earlier, later } = ask
    if (earlier === undefined) this.first = later
    else earlier.later = later
    if (later === undefined) this.#last = earlier
    else later.earlier = earlier
    ask.earlier = ask.later = undefined
  }
}
