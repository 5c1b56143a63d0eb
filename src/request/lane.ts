import type { Connection } from '../connection/connection.js'
import { loadOf, type Loaded } from '../connection/loaded.js'
import type { Ledger } from './ledger.js'

/** A connection on which may be asked. */
export class Lane<Ask> {
  readonly connection: Connection<unknown>
  readonly ledger: Ledger<Ask>
  /** How many are in flight: counted on the connection, for others to see, where that has a counter. */
  readonly load: Loaded
  readonly #most: number
  /** `send` has answered `false`, and no drain has come since. */
  #behind = false
  #drains = 0

  constructor(connection: Connection<unknown>, ledger: Ledger<Ask>, maxInFlight: number) {
    this.connection = connection
    this.ledger = ledger
    this.load = loadOf(connection) ?? { inFlight: 0 }
    this.#most = Math.min(maxInFlight, ledger.most)
  }

  get ready(): boolean {
    return !this.#behind && this.ledger.size < this.#most && this.connection.state === 'open' && this.isAvailable
  }

  /** Not one that somebody else has for himself, or that is to go. */
  get isAvailable(): boolean {
    return this.load.available !== false
  }

  send(packet: unknown): void {
    const drains = this.#drains
    // There may be room again before we hear that there was none left.
    if (!this.connection.send(packet) && drains === this.#drains) this.#behind = true
  }

  drained(): void {
    this.#drains += 1
    this.#behind = false
  }
}
