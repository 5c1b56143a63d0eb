import type { Observable, ObservableInput, Observer, Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import { Inflow } from '../connection/inflow.js'

/** What a handler and one connection have to say to each other. */
export class Conversation implements Observer<unknown> {
  readonly #connection: Connection<unknown>
  readonly #inflow: Inflow<unknown>
  /** While the peer does not read what it was answered, it is not listened to. */
  #hold: Subscription | undefined
  #ended = false
  #reason: 'local' | 'shutdown' = 'local'

  constructor(connection: Connection<unknown>) {
    this.#connection = connection
    this.#inflow = new Inflow(connection)
  }

  start(handler: (packets: Observable<unknown>) => ObservableInput<unknown>): void {
    this.#inflow.run(handler, this)
  }

  hear(packet: unknown): void {
    this.#inflow.next(packet)
  }

  /** The peer has read. */
  drained(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.unsubscribe()
  }

  /** The peer has finished: that is `told` behind the answers. */
  end(told: () => void): void {
    this.#ended = true
    this.#inflow.end(told)
  }

  /** Ends the packets as the peer's end would. What is in flight is answered, and then the connection is closed. */
  finish(): void {
    this.#reason = 'shutdown'
    if (!this.#ended) this.#inflow.end(() => undefined)
  }

  cancel(): void {
    this.#inflow.cancel()
    this.drained()
  }

  // ── what the handler says ──

  next(answer: unknown): void {
    const connection = this.#connection
    try {
      if (!connection.send(answer) && connection.state === 'open') this.#hold ??= connection.pause()
    } catch (thrown) {
      this.error(thrown)
    }
  }

  error(thrown: unknown): void {
    this.#connection.destroy(handlerError('the handler of serve', thrown))
  }

  complete(): void {
    this.drained()
    // What the peer has ended stays ended by it: our end is the answer.
    if (this.#ended) this.#connection.end()
    this.#connection.close(this.#reason)
  }
}
