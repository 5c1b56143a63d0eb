import { isObservable, type Observable } from 'rxjs'
import type { AnyEvent, TypedEvent } from '../connection/event.js'
import { callback, delay, type Rule, type Rules } from '../connection/options.js'
import type { Verdict } from './verdict.js'

/** What `reconnect` may be told, besides its policy. */
export interface ReconnectOptions<E extends TypedEvent> {
  /**
   * How long a connection must have been up for the policy to start afresh after it, in milliseconds. Default 10 000.
   * An `open` alone proves nothing: a peer that accepts and drops would be dialled at the first delay for ever.
   */
  readonly stableAfter?: number
  /**
   * Overrules the verdict on an end. It gets the error, if there is one, and the `close`, unless the source failed
   * without one. Its `undefined` leaves the verdict as it would be.
   */
  readonly classify?: (error: unknown, close: EventOf<E, 'close'> | undefined) => Verdict | undefined
  /**
   * Reads out of a packet or a `close` in how many milliseconds the peer wants us back. This overrides the next delay,
   * once, and by five minutes at most; it may shorten none but the first delay of an outage. Since it comes from the
   * peer, what is not such a number is passed over.
   */
  readonly hint?: (event: EventOf<E, 'packet' | 'close'>) => number | undefined
  /**
   * Ends a wait at once; it is subscribed for as long as a wait lasts. With it we don't give up when the delays have
   * run out, but wait for it (a `retry` whose `delay` is `Infinity`) and then start afresh.
   */
  readonly now?: Observable<unknown>
  /** How long to wait at least where the verdict is `slow`, in milliseconds, half of it spread. Default 30 000. */
  readonly slow?: number
  /** Spreads `slow`: numbers of at least 0 and less than 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Not inferred from, so that a hint that takes any event does not make the stream one of any events. */
type EventOf<E, Type> = NoInfer<Extract<E, { readonly type: Type }>>

const observable: Rule = value => (isObservable(value) ? undefined : 'must be an Observable')

export const reconnectRules: Rules<ReconnectOptions<AnyEvent>> = {
  stableAfter: value => (value === Infinity ? undefined : delay(value)),
  classify: callback,
  hint: callback,
  now: observable,
  slow: delay,
  random: callback,
}
