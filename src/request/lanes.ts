import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { Ask } from './ask.js'
import type { Lane } from './lane.js'
import type { Settings } from './request-options.js'

/** How many lanes that are ready are looked at for the one with the fewest in flight. */
const LOOKED_AT = 8

/** The lanes of what is open now, and which of them is taken. */
export class Lanes {
  readonly #select: Settings['select']
  readonly #byId = new Map<string, Lane>()
  #all: readonly Lane[] = []
  #connections: readonly Connection<never>[] = []
  #next = 0
  /** The one that was heard last: what is read at once comes from one connection. */
  #latest: Lane | undefined

  constructor(select: Settings['select']) {
    this.#select = select
  }

  add(lane: Lane): void {
    this.#byId.set(lane.connection.id, lane)
    this.#list()
  }

  delete(lane: Lane): void {
    this.#byId.delete(lane.connection.id)
    this.#latest = undefined
    this.#list()
  }

  of(connection: Connection<never>): Lane | undefined {
    if (this.#latest?.connection === connection) return this.#latest
    return (this.#latest = this.#byId.get(connection.id))
  }

  get all(): readonly Lane[] {
    return this.#all
  }

  /** The lane for an ask, if it can be sent now. What it throws is the fault of `select`. */
  choose(ask: Ask): Lane | undefined {
    const { connection } = ask.options ?? {}
    const lane =
      connection !== undefined
        ? this.#byId.get(connection.id)
        : this.#select === undefined
          ? this.#leastBusy()
          : this.#selected(ask)
    return lane?.ready === true ? lane : undefined
  }

  /** By turns from a few, so that it costs the same however many there are, and equally busy ones share. */
  #leastBusy(): Lane | undefined {
    const count = this.#all.length
    let best: Lane | undefined
    this.#next = this.#next + 1 < count ? this.#next + 1 : 0
    for (let looked = 0, seen = 0; seen < count && looked < LOOKED_AT; seen += 1) {
      const lane = this.#all[this.#next + seen < count ? this.#next + seen : this.#next + seen - count]
      if (lane?.ready !== true) continue
      looked += 1
      if (best === undefined || lane.load.inFlight < best.load.inFlight) best = lane
    }
    return best
  }

  #selected(ask: Ask): Lane | undefined {
    let selected
    try {
      selected = this.#select?.(this.#connections, ask.packet)
    } catch (thrown) {
      throw handlerError('the select of requests', thrown)
    }
    return selected === undefined ? undefined : this.#byId.get((selected as Connection<never>).id)
  }

  #list(): void {
    this.#all = [...this.#byId.values()]
    this.#connections = this.#all.map(({ connection }) => connection)
  }
}
