import type { Connection } from '../connection/connection.js'
import { Stopwatch } from '../connection/stopwatch.js'

/** What is known of the life of one connection: its counters, looked at again and again. */
export class Pulse {
  readonly connection: Connection<never>
  /** For how many looks, at the most, nothing has arrived and nothing was asked. */
  quiet: number
  /** For how many looks a ping has waited for a sign of life, if one does. */
  waiting: number | undefined

  #bytesRead: number
  #bytesWritten: number
  /** What had been taken for sending when the last ping was sent: all of it goes out before that. */
  #ahead = 0
  /**
   * How long the ping has been out whose pong tells the round trip; none while we don't read, since a pong would wait for us.
   */
  #measured: Stopwatch | undefined

  /** @param headStart by how many looks its first ping comes sooner */
  constructor(connection: Connection<never>, headStart: number) {
    this.connection = connection
    this.quiet = headStart
    this.#bytesRead = connection.bytesRead
    this.#bytesWritten = connection.bytesWritten
  }

  look(): void {
    const { bytesRead, bytesWritten, bufferedAmount, paused } = this.connection
    const heard = bytesRead !== this.#bytesRead
    // While we don't read we can't hear: then a peer who takes what we write is alive.
    const takes = bytesWritten !== this.#bytesWritten
    const alive = heard || (paused && (bufferedAmount === 0 || takes))
    // What has arrived since the last look may have done so right after it.
    this.quiet = heard ? 1 : this.quiet + 1
    if (alive) this.waiting = undefined
    // Who still takes what lies before a ping has not got it.
    else if (takes && bytesWritten < this.#ahead) this.waiting &&= 0
    else if (this.waiting !== undefined) this.waiting += 1
    if (paused) this.#measured = undefined
    this.#bytesRead = bytesRead
    this.#bytesWritten = bytesWritten
  }

  pinged(): void {
    this.quiet = 0
    this.waiting = 0
    this.#ahead = this.connection.bytesAccepted
    this.#measured = this.connection.paused ? undefined : new Stopwatch()
  }

  /** Answers the milliseconds from the last ping to its pong, which is now; or nothing, where no ping waits for one. */
  ponged(): number | undefined {
    const roundTrip = this.#measured?.elapsed
    this.#measured = undefined
    return roundTrip
  }
}
