import { Observable, type OperatorFunction } from 'rxjs'
import type { AnyEvent, RetryEvent, TypedEvent } from '../connection/event.js'
import { checkOptions } from '../connection/options.js'
import { checkPolicy, type BackoffPolicy } from './backoff.js'
import { reconnectRules, type ReconnectOptions } from './reconnect-options.js'
import { Reconnection } from './reconnection.js'

/**
 * Dials again when a connection has ended or could not be had, after the delays of a policy.
 *
 * It goes by the `close` that it saw, once its source has finished: after `local` and `shutdown` the stream ends as
 * that dial did; after any other, that of a `destroy(error)` included, it dials again. Unless `classify` says
 * otherwise, what another attempt can't change (a bad certificate, wrong options) ends the stream too, and a peer that
 * breaks the framing is dialled slowly. A source that errors without a `close` counts as a failed attempt, so `defer`
 * may fetch credentials for each. When the delays have run out the stream errors with the last cause.
 *
 * Emits all events of each connection, with `open.session` counted through, and a `retry` for each wait. One session is
 * over before the next is dialled, so no event of an old connection can come late. A delay of 0 dials at once and
 * without a timer, unless the source ended as soon as it was subscribed.
 *
 * Below `consume` it dials while packets of the old connection may still wait; above it, when they have been handled.
 *
 * @throws `SluiceError` with code `ERR_POLICY` or `ERR_OPTIONS`. The stream errors with `ERR_HANDLER` when a policy,
 * `classify`, `hint` or `now` fails, with `ERR_POLICY` at what is no delay, and with `ERR_GAVE_UP` when the last
 * `close` had no error.
 *
 * @example A client for life
 * ```ts
 * tcp.connect({ port: 4000 })
 *   .pipe(framed(lines()), reconnect(exponential()))
 *   .subscribe(event => console.log(event.type))
 * ```
 *
 * @example Fresh credentials for each attempt, at once when the network is back, until the user leaves
 * ```ts
 * defer(() => tls.connect({ host, port, ...freshCredentials() })).pipe(
 *   reconnect(exponential(), { now: fromEvent(window, 'online') }),
 *   takeUntil(left),
 * )
 * ```
 */
export function reconnect<E extends TypedEvent>(
  policy: BackoffPolicy,
  options: ReconnectOptions<E> = {},
): OperatorFunction<E, (E extends unknown ? E : never) | RetryEvent> {
  // It is E, said so that the type which the result is said to have is not taken apart to find it.
  const settings = options as ReconnectOptions<TypedEvent> as ReconnectOptions<AnyEvent>
  checkPolicy('reconnect', policy, () => {
    checkOptions('reconnect', settings, reconnectRules)
  })
  return source =>
    new Observable<TypedEvent>(subscriber => {
      new Reconnection(source as Observable<TypedEvent> as Observable<AnyEvent>, subscriber, policy, settings).dial()
    }) as Observable<E | RetryEvent>
}
