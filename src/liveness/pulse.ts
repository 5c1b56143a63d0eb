import { now } from '../connection/clock.js'
import type { Connection } from '../connection/connection.js'

/** What is known of the life of one connection: its counters, looked at again and again. */
export class Pulse {
  readonly connection: Connection<never>
  /** When its last sign of life may have been, at the earliest. */
  #signAt: number
  #lookedAt: number
  #bytesRead: number
  #bytesWritten: number
  /** When the ping that is not answered was sent, for the deadline: any sign of life answers it. */
  #waitsSince: number | undefined
  #lastPing = -Infinity
  /** When the ping was sent whose pong tells the round trip; none while we don't read, since a pong would wait for us. */
  #measuredFrom: number | undefined

  /** @param headStart milliseconds by which its first ping comes sooner */
  constructor(connection: Connection<never>, headStart: number) {
    this.connection = connection
    this.#lookedAt = now()
    this.#signAt = this.#lookedAt - headStart
    this.#bytesRead = connection.bytesRead
    this.#bytesWritten = connection.bytesWritten
  }

  /** For how long, at the most, there has been no sign of life. */
  get silence(): number {
    return this.#lookedAt - this.#signAt
  }

  /** For how long a ping has waited for a sign of life. */
  get waiting(): number | undefined {
    return this.#waitsSince === undefined ? undefined : this.#lookedAt - this.#waitsSince
  }

  /** For how long no ping has been sent. */
  get sincePing(): number {
    return this.#lookedAt - this.#lastPing
  }

  look(): void {
    const { connection } = this
    if (connection.paused) this.#measuredFrom = undefined
    if (this.#showsLife()) {
      this.#signAt = this.#lookedAt
      this.#waitsSince = undefined
    }
    this.#lookedAt = now()
    this.#bytesRead = connection.bytesRead
    this.#bytesWritten = connection.bytesWritten
  }

  pinged(): void {
    this.#lastPing = now()
    this.#waitsSince ??= this.#lastPing
    if (!this.connection.paused) this.#measuredFrom = this.#lastPing
  }

  /** Answers the milliseconds from the last ping to its pong, which is now; or nothing, where no ping waits for one. */
  ponged(): number | undefined {
    const sent = this.#measuredFrom
    this.#measuredFrom = undefined
    return sent === undefined ? undefined : now() - sent
  }

  /** While we don't read we can't hear: then a peer who takes what we write is alive. */
  #showsLife(): boolean {
    const { connection } = this
    if (connection.bytesRead !== this.#bytesRead) return true
    return connection.paused && (connection.bufferedAmount === 0 || connection.bytesWritten !== this.#bytesWritten)
  }
}
