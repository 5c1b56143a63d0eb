import type { OperatorFunction } from 'rxjs'
import { SluiceError } from '../connection/errors.js'
import type { Connection } from '../connection/connection.js'
import type { TypedEvent } from '../connection/event.js'
import { checkOptions, milliseconds } from '../connection/options.js'
import { Sweep } from '../connection/sweep.js'
import { watched } from './watched.js'

/**
 * Ends connections on which nothing has arrived for a while: their `close` says `timeout`, with `ERR_IDLE_TIMEOUT`.
 *
 * Bytes from the network alone count: what we send keeps nobody alive, and half a packet does. While a connection is
 * paused its silence is ours, and is not counted. All events pass. One timer serves all connections of a subscription:
 * it finds the idle one between `timeout` and a quarter of it later.
 *
 * @param timeout milliseconds. Default 60 000
 *
 * @example Clients that say nothing for a minute have to go
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(idleTimeout(60_000), framed(lines()))
 * ```
 */
export function idleTimeout<E extends TypedEvent>(timeout = 60_000): OperatorFunction<E, E> {
  checkOptions('idleTimeout', { timeout }, { timeout: milliseconds })
  return watched(() => {
    const sweep = new Sweep<Connection<never>>(timeout, arrived, connection => {
      connection.destroy(new SluiceError('ERR_IDLE_TIMEOUT', `nothing has arrived for ${timeout} ms`))
    })
    return {
      opened(connection) {
        sweep.add(connection)
      },
      heard() {
        // The counter has seen it.
      },
      silenced(connection) {
        sweep.delete(connection)
      },
      over() {
        sweep.clear()
      },
    }
  })
}

/** `NaN` is not even equal to itself: to the sweep, a paused connection is one that has moved since the last look. */
function arrived(connection: Connection<never>): number {
  return connection.paused ? Number.NaN : connection.bytesRead
}
