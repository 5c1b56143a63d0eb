import type { OperatorFunction } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { Deadlines } from '../connection/deadlines.js'
import { SluiceError } from '../connection/errors.js'
import type { TypedEvent } from '../connection/event.js'
import { checkOptions, milliseconds } from '../connection/options.js'
import { unfinishedOn } from '../connection/unfinished.js'
import { watched } from './watched.js'

/**
 * Ends connections whose first packet does not come in time: their `close` says `timeout`, with
 * `ERR_FIRST_PACKET_TIMEOUT`.
 *
 * Behind `framed` it takes a whole packet, so that a peer who sends a byte now and then (slow loris) gains nothing. A
 * connection that is paused when its time is over gets as much again. What `consume`, `respond` or `perConnection` have
 * taken before it counts. All events pass. One timer serves all connections
 * of a subscription.
 *
 * @param timeout milliseconds from the `open`. Default 15 000
 *
 * @example Who does not log in within five seconds has to go
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(framed(lines()), firstPacket(5_000))
 * ```
 */
export function firstPacket<E extends TypedEvent>(timeout = 15_000): OperatorFunction<E, E> {
  checkOptions('firstPacket', { timeout }, { timeout: milliseconds })
  return watched(() => {
    const deadlines = new Deadlines<Connection<never>>(timeout, connection => {
      if (unfinishedOn(connection).taken) return // By an operator that comes before this one.
      if (connection.paused) deadlines.add(connection)
      else connection.destroy(new SluiceError('ERR_FIRST_PACKET_TIMEOUT', `no packet within ${timeout} ms`))
    })
    const met = (connection: Connection<never>): void => {
      deadlines.delete(connection)
    }
    return {
      opened(connection) {
        deadlines.add(connection)
      },
      heard: met,
      silenced: met,
      over() {
        deadlines.clear()
      },
    }
  })
}
