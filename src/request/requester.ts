import type { Observable } from 'rxjs'
import type { PacketOf, SentOf, TypedEvent } from '../connection/event.js'
import type { AskOptions } from './request-options.js'

/**
 * A connection stream on which can be asked. It is itself an Observable of the stream's events but the answers, which
 * go to who asked. It is shared: however many are subscribed to it or ask, the stream is subscribed to once, from the
 * first until the last.
 */
export interface Requester<E extends TypedEvent> extends Observable<E> {
  /**
   * Asks once for each subscriber, and emits what is answered. It completes with the last answer; unsubscribing cancels,
   * and tells the peer so where the correlation has a packet for it.
   *
   * While nothing else holds the stream open, asking opens it, and the answer closes it.
   *
   * It errors with a `RequestError`, which says in `sent` whether the peer may know of the request: with
   * `ERR_REQUEST_TIMEOUT`, `ERR_REQUEST_LOST` when its connection is gone or the stream is at its end, and
   * `ERR_REQUEST_OVERFLOW` when too many wait already. Besides, with what `failed` makes of an answer, what a codec says
   * of a packet that it can't encode, and `ERR_HANDLER` where `put` or `select` throw.
   */
  ask(packet: SentOf<E>, options?: AskOptions): Observable<PacketOf<E>>

  /** Asks at once, and promises the first answer; of more than one the others are cancelled. */
  promise(packet: SentOf<E>, options?: AskOptions): Promise<PacketOf<E>>

  /** How many were sent and are not settled yet. */
  readonly inFlight: number
  /** How many wait until a connection can take them. */
  readonly waiting: number
  /** How many answers have come for what nobody waited for any more. */
  readonly late: number
  /** How many answers have come for what was never asked. */
  readonly unknown: number
}
