import { handlerError } from '../connection/errors.js'
import { MAX_ID, type ById } from './by-id.js'
import type { Entry, Ledger } from './ledger.js'

/** How many ids are remembered that were given up and not answered. */
const MOST_ABANDONED = 65_536

/** How many slots there are at first, and for each ask at least. */
const SLOTS = 64
const SLOTS_PER_ASK = 4

/**
 * Those that wait lie in slots, by their id modulo the number of slots; an id whose slot is taken is left out. A map
 * would have to be made anew all the time as its keys never come again, and each old one keep what was in it from being
 * collected early.
 */
export class IdLedger<Ask extends Entry> implements Ledger<Ask> {
  size = 0
  readonly most: number
  readonly #rules: ById<unknown, unknown>
  readonly #maxId: number
  #slots = emptySlots<Ask>(SLOTS)
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
    this.most = Math.ceil(this.#maxId / 2)
  }

  get asks(): readonly Ask[] {
    const age = ({ id }: Ask): number => (id > this.#lastId ? id - this.#maxId : id)
    return this.#slots.filter(ask => ask !== undefined).sort((one, other) => age(one) - age(other))
  }

  enter(ask: Ask): unknown {
    const id = this.#nextId()
    const packet = this.#put(ask.packet, id)
    ask.id = id
    this.size += 1
    if (this.size * SLOTS_PER_ASK > this.#slots.length) this.#grow()
    this.#slots[id % this.#slots.length] = ask
    return packet
  }

  find(packet: unknown): Ask | 'late' | 'unknown' | undefined {
    const id = this.#rules.get(packet)
    if (id === undefined) return undefined
    const ask = this.#slots[id % this.#slots.length]
    if (ask?.id === id) return ask
    if (!this.#abandoned.has(id)) return 'unknown'
    if (this.#rules.last?.(packet) !== false) this.#abandoned.delete(id)
    return 'late'
  }

  settle({ id }: Ask): void {
    this.#slots[id % this.#slots.length] = undefined
    this.size -= 1
  }

  abandon(ask: Ask): void {
    this.settle(ask)
    this.#abandoned.add(ask.id)
    if (this.#abandoned.size <= Math.min(MOST_ABANDONED, this.#maxId / 2)) return
    const [oldest = 0] = this.#abandoned
    this.#abandoned.delete(oldest)
  }

  strike(ask: Ask): void {
    this.settle(ask)
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
    } while (!this.#isFree(this.#lastId))
    return this.#lastId
  }

  #isFree(id: number): boolean {
    return this.#slots[id % this.#slots.length] === undefined && !(this.#anew && this.#abandoned.has(id))
  }

  #grow(): void {
    const { asks } = this
    this.#slots = emptySlots(2 * this.#slots.length)
    for (const ask of asks) this.#slots[ask.id % this.#slots.length] = ask
  }
}

function emptySlots<Ask>(count: number): (Ask | undefined)[] {
  return Array.from({ length: count }, () => undefined)
}
