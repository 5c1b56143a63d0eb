import { takeWhile, type Observable, type Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import { Backlog, type BacklogOptions } from './backlog.js'
import { Feed, type Feeder } from './feed.js'

/**
 * Feeds from what comes when it comes: what there is no room for waits, and by the overflow rule not too much of it.
 */
export class PushedFeed extends Feed {
  readonly #packets: Observable<unknown>
  readonly #backlog: Backlog
  #subscription: Subscription | undefined
  #complete = false

  constructor(
    connection: Connection<unknown>,
    feeder: Feeder,
    packets: Observable<unknown>,
    options: BacklogOptions<unknown>,
  ) {
    super(connection, feeder)
    this.#packets = packets
    this.#backlog = new Backlog(options)
  }

  /** What waits. What is still to come may have no end, and is for those who listen to us in turn. */
  override get unfinished(): boolean {
    return !this.over && !this.#backlog.empty
  }

  override start(): void {
    // What tells all while we subscribe can't be unsubscribed from yet, and may have no end.
    this.#subscription = this.#packets.pipe(takeWhile(packet => this.#take(packet))).subscribe({
      error: (thrown: unknown) => {
        this.fail(handlerError('the source of sendAll', thrown))
      },
      complete: () => {
        this.#complete = true
        this.goOn()
      },
    })
    if (this.over) this.#subscription.unsubscribe()
  }

  protected override flow(): void {
    while (this.ready()) {
      const waiting = this.#backlog.shift()
      if (waiting === undefined) break
      this.send(waiting.packet)
    }
    if (this.#complete && this.#backlog.empty) this.finish()
  }

  protected override release(): void {
    this.#subscription?.unsubscribe()
  }

  /** Answers whether there is use for more. */
  #take(packet: unknown): boolean {
    if (this.over) return false
    this.attempt(() => {
      this.dropped += this.#backlog.put(packet)
    })
    this.goOn()
    const dropped = this.#backlog.trim()
    if (typeof dropped === 'number') this.dropped += dropped
    else this.fail(dropped)
    return !this.over
  }
}
