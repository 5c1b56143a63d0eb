import type { Connection } from '../connection/connection.js'
import { handlerError, type SluiceError } from '../connection/errors.js'

/** Who is told what becomes of a feed. */
export interface Feeder {
  /** The source is at its end, and all of it was taken for sending. */
  finished(feed: Feed): void
  /** The source was let go of before that. */
  released(feed: Feed): void
}

/** What leads one source's packets into one connection: for as long as there is room, and on when there is again. */
export abstract class Feed {
  readonly connection: Connection<unknown>
  /** Packets dropped that nobody was told of yet. */
  dropped = 0
  readonly #feeder: Feeder
  #state: 'flowing' | 'finished' | 'cancelled' | 'released' = 'flowing'
  #room = true
  #drained = false
  #working = false

  constructor(connection: Connection<unknown>, feeder: Feeder) {
    this.connection = connection
    this.#feeder = feeder
  }

  /** Whether a peer that has finished sending is still to be given something. */
  abstract get unfinished(): boolean

  /** Sends what it can. What it throws is the source's fault. */
  protected abstract flow(): void

  /** Lets go of the source. */
  protected abstract release(): void

  start(): void {
    this.goOn()
  }

  goOn(): void {
    if (!this.#working) this.attempt(() => this.flow())
  }

  drained(): void {
    this.#room = true
    this.#drained = true
    this.goOn()
  }

  cancel(): void {
    if (this.over) return
    this.#state = 'cancelled'
    if (!this.#working) this.#release()
  }

  protected get over(): boolean {
    return this.#state !== 'flowing'
  }

  /** Whether a packet may be sent now. If none ever may any more, the source is let go of. */
  protected ready(): boolean {
    if (this.connection.state !== 'open') this.cancel()
    return this.#room && !this.over
  }

  protected send(packet: unknown): void {
    this.#drained = false
    const more = this.connection.send(packet)
    // There may be room again before we hear that there was none left.
    this.#room = more || this.#drained
  }

  protected finish(): void {
    if (this.over) return
    this.#state = 'finished'
    this.#feeder.finished(this)
  }

  /** Law 8. */
  protected fail(error: SluiceError): void {
    this.cancel()
    this.connection.destroy(error)
  }

  /** Calls the user's code. What this brings about may call us in turn, and is seen to when it has returned. */
  protected attempt(task: () => void): void {
    const nested = this.#working
    this.#working = true
    try {
      task()
    } catch (thrown) {
      this.fail(handlerError('the source of sendAll', thrown))
    }
    this.#working = nested
    if (!nested) this.#release()
  }

  #release(): void {
    if (this.#state !== 'cancelled') return
    this.#state = 'released'
    this.release()
    this.#feeder.released(this)
  }
}
