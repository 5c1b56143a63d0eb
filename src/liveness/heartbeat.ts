import { defer, filter, finalize, map, type Observable, type OperatorFunction } from 'rxjs'
import type { AnyEvent, ConnectionOf, SentOf, TypedEvent } from '../connection/event.js'
import { checkOptions } from '../connection/options.js'
import { Heart } from './heart.js'
import { heartbeatRules, type HeartbeatEvent, type HeartbeatOptions } from './heartbeat-options.js'

/**
 * Finds peers that are gone though nothing has said so: it pings a connection that has been silent for `interval`, and
 * ends it with `ERR_HEARTBEAT_TIMEOUT` (its `close` says `timeout`) if no byte has come within `timeout` after that. So
 * a dead peer is known after `interval + timeout` at the latest.
 *
 * Any input counts as life, and where there is input no ping is sent. The first ping comes after half the interval to
 * all of it, at random, and none has begun to wait while the peer still takes what was sent before it. While we have
 * paused the connection ourselves its silence is no sign: the pings go on, and a peer is alive as long as it takes what
 * we write. A connection on which we have finished sending can't be asked, and is let be: for those there is
 * `idleTimeout`.
 *
 * Emits all events but the pongs, each of which becomes a `heartbeat` with its round trip. One timer serves all
 * connections of a subscription: it looks at them at least eight times within the interval (or the timeout, if that is
 * shorter), which is how much sooner than said a ping may be sent or a peer given up. Time is counted in looks, so that
 * no live peer is given up because the clock was set, or because the machine slept.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`. A `ping` that throws, or makes a packet that can't be encoded, closes
 * its connection with `ERR_HANDLER`; so does an `isPong` that throws, and a `random` that throws or answers no number
 * from 0 to 1
 *
 * @example Over lines
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(
 *   framed(lines()),
 *   heartbeat({ ping: () => 'PING', isPong: line => line === 'PONG' }),
 *   reconnect(exponential()),
 * )
 * ```
 */
export function heartbeat<E extends TypedEvent, const Ping extends SentOf<E> = SentOf<E>>(
  options: HeartbeatOptions<E, Ping>,
): OperatorFunction<E, E | HeartbeatEvent<ConnectionOf<E>>> {
  checkOptions('heartbeat', options as HeartbeatOptions<unknown>, heartbeatRules, ['ping'])
  return source =>
    defer(() => {
      const heart = new Heart(options)
      return (source as Observable<TypedEvent> as Observable<AnyEvent>).pipe(
        map(event => heart.hear(event)),
        filter(told => told !== undefined),
        finalize(() => {
          heart.stop()
        }),
      )
    }) as Observable<TypedEvent> as Observable<E>
}
