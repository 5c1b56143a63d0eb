import type { InOrder } from './in-order.js'
import type { Entry, Ledger } from './ledger.js'

/** How many places may be empty at the head of the line before it moves up. */
const EMPTY_PLACES = 1_024

export class OrderLedger<Ask extends Entry> implements Ledger<Ask> {
  readonly most = Infinity
  readonly #rules: InOrder<unknown>
  /** Oldest first, from `#first` on. Who was given up is still there. */
  #line: (Ask | undefined)[] = []
  #first = 0

  constructor(rules: InOrder<unknown>) {
    this.#rules = rules
  }

  get size(): number {
    return this.#line.length - this.#first
  }

  enter(ask: Ask): unknown {
    this.#line.push(ask)
    return ask.packet
  }

  find(packet: unknown): Ask | 'late' | 'unknown' | undefined {
    if (this.#rules.isAnswer?.(packet) === false) return undefined
    const ask = this.#line[this.#first]
    if (ask === undefined) return 'unknown'
    if (!ask.settled) return ask
    if (this.#rules.last?.(packet) !== false) this.settle()
    return 'late'
  }

  settle(): void {
    this.#line[this.#first] = undefined
    this.#first += 1
    if (this.#first === this.#line.length || this.#first === EMPTY_PLACES) {
      this.#line.splice(0, this.#first)
      this.#first = 0
    }
  }

  abandon(): void {
    // It keeps its place.
  }

  strike(ask: Ask): void {
    this.#line.splice(this.#line.lastIndexOf(ask), 1)
  }

  get asks(): readonly Ask[] {
    return this.#line.flatMap(ask => (ask?.settled === false ? [ask] : []))
  }
}
