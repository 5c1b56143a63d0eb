import type { AnyEvent, ConnectionEvent, ConnectionStream } from './event.js'

/**
 * A way to be connected. Both verbs are cold: subscribing opens, unsubscribing closes, and subscribing twice opens twice.
 *
 * @typeParam Target what is dialled
 * @typeParam Place what is bound
 */
export interface Transport<Target, Place = Target, E extends AnyEvent = ConnectionEvent> {
  /** Dials once for each subscriber. */
  connect(to: Target): ConnectionStream<E>
  /** Binds once for each subscriber, and emits the events of all that are accepted. */
  listen(at: Place): ConnectionStream<E>
}
