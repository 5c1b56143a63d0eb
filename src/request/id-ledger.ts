import { handlerError } from '../connection/errors.js'
import type { Ask } from './ask.js'
import { MAX_ID, type ById } from './by-id.js'
import type { Ledger } from './ledger.js'

/** How many ids are remembered that were given up and not answered. */
const MOST_ABANDONED = 65_536

export class IdLedger implements Ledger {
  readonly #rules: ById<unknown, unknown>
  readonly #maxId: number
  readonly #asks = new Map<number, Ask>()
  /** Given up longest ago first. */
  readonly #abandoned = new Set<number>()
  #lastId: number
  /** All ids were used once. */
  #anew = false

  /** @param lastId the id that was used last */
  constructor(rules: ById<unknown, unknown>, lastId = 0) {
    this.#rules = rules
    this.#maxId = rules.maxId ?? MAX_ID
    this.#lastId = lastId
  }

  get size(): number {
    return this.#asks.size
  }

  get most(): number {
    return Math.ceil(this.#maxId / 2)
  }

  enter(ask: Ask): unknown {
    const id = this.#nextId()
    const packet = this.#put(ask.packet, id)
    ask.id = id
    this.#asks.set(id, ask)
    return packet
  }

  find(packet: unknown): Ask | 'late' | 'unknown' | undefined {
    const id = this.#rules.get(packet)
    if (id === undefined) return undefined
    const ask = this.#asks.get(id)
    if (ask !== undefined) return ask
    if (!this.#abandoned.has(id)) return 'unknown'
    if (this.#rules.last?.(packet) !== false) this.#abandoned.delete(id)
    return 'late'
  }

  settle(ask: Ask): void {
    this.#asks.delete(ask.id)
  }

  abandon(ask: Ask): void {
    this.#asks.delete(ask.id)
    this.#abandoned.add(ask.id)
    if (this.#abandoned.size <= Math.min(MOST_ABANDONED, this.#maxId / 2)) return
    const [oldest = 0] = this.#abandoned
    this.#abandoned.delete(oldest)
  }

  strike(ask: Ask): void {
    this.#asks.delete(ask.id)
  }

  get asks(): readonly Ask[] {
    return [...this.#asks.values()]
  }

  #put(packet: unknown, id: number): unknown {
    try {
      return this.#rules.put(packet, id)
    } catch (thrown) {
      throw handlerError('the put of byId', thrown)
    }
  }

  #nextId(): number {
    do {
      if (this.#lastId === this.#maxId) this.#anew = true
      this.#lastId = this.#lastId === this.#maxId ? 1 : this.#lastId + 1
    } while (this.#anew && (this.#asks.has(this.#lastId) || this.#abandoned.has(this.#lastId)))
    return this.#lastId
  }
}
