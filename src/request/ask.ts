import type { Observer, Unsubscribable } from 'rxjs'
import type { AskOptions } from './request-options.js'
import type { Lane } from './lane.js'
import type { Sent } from './request-error.js'

/** With whom an ask is given up. */
export interface Canceller {
  cancel(ask: Ask): void
}

/** One request from when it is asked until it is settled: that is when it has its last answer, has failed or is cancelled. */
export class Ask implements Unsubscribable {
  readonly packet: unknown
  readonly observer: Observer<unknown>
  readonly timeout: number
  readonly options: AskOptions | undefined
  readonly asks: Canceller
  /** Where it was sent; `undefined` while it waits. */
  lane: Lane<Ask> | undefined = undefined
  sent: Sent = 'no'
  answered = false
  settled = false
  /** Its number, where the correlation gives it one. */
  id = 0

  // Its place among those that have to be answered within equally long:
  due = 0
  earlier: Ask | undefined = undefined
  later: Ask | undefined = undefined

  constructor(
    asks: Canceller,
    packet: unknown,
    observer: Observer<unknown>,
    timeout: number,
    options: AskOptions | undefined,
  ) {
    this.asks = asks
    this.packet = packet
    this.observer = observer
    this.timeout = timeout
    this.options = options
  }

  unsubscribe(): void {
    if (!this.settled) this.asks.cancel(this)
  }
}
