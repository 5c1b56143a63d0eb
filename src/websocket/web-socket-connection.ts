import type { Connection } from '../connection/connection.js'
import type { CloseWith } from './close-status.js'

/**
 * A connection of messages.
 *
 * What is sent is counted with the headers of its frames, and before it is compressed. While it is paused nothing is read, and no ping is
 * answered: a peer that counts on pongs may take us for dead. `end()` says that nothing more will be sent: a Close frame with
 * 1000, after which the peer answers with its own.
 *
 * @typeParam Out what `send` takes
 */
export interface WebSocketConnection<in Out> extends Connection<Out> {
  /** The protocol that was agreed upon (`Sec-WebSocket-Protocol`), or the empty string. */
  readonly protocol: string

  /**
   * Flushes, then closes: a Close frame follows what was sent, and messages are still emitted until the peer's. After
   * `closeTimeout` the connection is destroyed.
   *
   * @param how what is said: 1000 for `local`, 1012 for `shutdown`, or a code and a detail of your own
   * @throws `SluiceError` with code `ERR_OPTIONS` for a code that may not be sent, or a detail of more than 123 bytes
   */
  close(how?: 'local' | 'shutdown' | CloseWith): void

  /**
   * Aborts: what waits is lost, and without an error the peer sees 1006. With one it is told first, where it is there to hear it, by
   * a code that goes with the error's: 1001 for silence, 1002, 1003, 1007, 1008, 1009, 1013, or 1011 for all that is our own fault.
   */
  destroy(error?: Error): void
}
