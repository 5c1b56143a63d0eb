import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { Ask } from './ask.js'
import type { Lane } from './lane.js'
import type { Settings } from './request-options.js'

/** How many lanes are looked at for the one with the fewest in flight. */
const LOOKED_AT = 8

/** The lanes of what is open now, and which of them is taken. */
export class Lanes {
  readonly #select: Settings['select']
  readonly #byId = new Map<string, Lane<Ask>>()
  #all: readonly Lane<Ask>[] = []
  #connections: readonly Connection<never>[] = []
  #next = 0
  /** The one that was heard last: what is read at once comes from one connection. */
  #latest: Lane<Ask> | undefined

  constructor(select: Settings['select']) {
    this.#select = select
  }

  add(lane: Lane<Ask>): void {
    this.#byId.set(lane.connection.id, lane)
    this.#list()
  }

  delete(lane: Lane<Ask>): void {
    this.#byId.delete(lane.connection.id)
    this.#latest = undefined
    this.#list()
  }

  of(connection: Connection<never>): Lane<Ask> | undefined {
    if (this.#latest?.connection === connection) return this.#latest
    return (this.#latest = this.#byId.get(connection.id))
  }

  get all(): readonly Lane<Ask>[] {
    return this.#all
  }

  /** The lane for an ask, if it can be sent now. What it throws is the fault of `select`. */
  choose(ask: Ask): Lane<Ask> | undefined {
    const { connection } = ask.options ?? {}
    const lane =
      connection !== undefined
        ? this.#byId.get(connection.id)
        : this.#select === undefined
          ? this.#leastBusy()
          : this.#selected(ask)
    return lane?.ready === true ? lane : undefined
  }

  #leastBusy(): Lane<Ask> | undefined {
    const best = this.#fewest(this.#all)
    return best?.ready === false ? this.#fewest(this.#all.filter(({ ready }) => ready)) : best
  }

  /** Begins with another each time, so that equally busy ones take turns, and looks at a few if there are many. */
  #fewest(lanes: readonly Lane<Ask>[]): Lane<Ask> | undefined {
    const { length } = lanes
    let next = this.#next + 1 < length ? this.#next + 1 : 0
    this.#next = next
    let best = lanes[next]
    for (let looked = 1; looked < length && looked < LOOKED_AT; looked += 1) {
      next = next + 1 < length ? next + 1 : 0
      const lane = lanes[next]
      if (best === undefined || lane === undefined || lane.load.inFlight < best.load.inFlight) best = lane
    }
    return best
  }

  #selected(ask: Ask): Lane<Ask> | undefined {
    const connections = this.#selectable
    if (connections.length === 0) return undefined
    try {
      const selected = this.#select?.(connections, ask.packet)
      return selected && this.#byId.get(selected.id)
    } catch (thrown) {
      throw handlerError('the select of requests', thrown)
    }
  }

  get #selectable(): readonly Connection<never>[] {
    if (this.#all.every(({ isAvailable }) => isAvailable)) return this.#connections
    return this.#all.flatMap(({ connection, isAvailable }) => (isAvailable ? [connection] : []))
  }

  #list(): void {
    this.#all = [...this.#byId.values()]
    this.#connections = this.#all.map(({ connection }) => connection)
  }
}
