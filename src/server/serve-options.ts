import type { ObservableInput, Observable } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { ConnectionOf, PacketOf, SentOf } from '../connection/event.js'
import { callback, count, milliseconds, oneOf, type Rules } from '../connection/options.js'
import type { RefusalCause } from './server-info.js'

/** Answers what one connection asks: what its stream emits is sent to that connection. */
export type Handler<E> = (packets: Observable<PacketOf<E>>, connection: ConnectionOf<E>) => ObservableInput<SentOf<E>>

/** Somebody was connected and was not let in. */
export interface RefusedEvent<C extends Connection<never> = Connection> {
  readonly type: 'refused'
  /** The one that is closed, once it was told why where there is a `refusal`. */
  readonly connection: C
  /** Why. */
  readonly cause: RefusalCause
}

/**
 * Whom a server lets in.
 *
 * @typeParam Refusal which of the packets that can be sent is one
 */
export interface ServeOptions<E, Refusal = SentOf<E>> {
  /** How many connections may be open at once, over all ports. Default `Infinity`. */
  readonly maxConnections?: number
  /**
   * What becomes of those who come when there are so many. `wait`: the listeners are paused, and whoever connects
   * waits, unopened and unread, until there is room; `backlog` of them at most for each port. `close`: the ports are
   * closed, and bound again when there are fewer than `listenBelow`; the system refuses whoever connects. `refuse`:
   * they are connected, told so and closed. Default `wait`.
   */
  readonly whenFull?: 'wait' | 'close' | 'refuse'
  /** Below how many connections closed ports are bound again. Default: nine tenths of `maxConnections`. */
  readonly listenBelow?: number
  /** How many connections may be open from one address; more are refused. Default `Infinity`. */
  readonly maxPerAddress?: number
  /** The packet that says to a connection why it is refused. Without one it is reset, without a word. */
  readonly refusal?: (cause: RefusalCause, connection: NoInfer<ConnectionOf<E>>) => Refusal
  /**
   * How long a connection may take until its first packet, in milliseconds. Default 15 000; `Infinity` where it is not
   * for the client to speak first.
   */
  readonly firstPacketTimeout?: number
}

export const serveRules: Rules<ServeOptions<unknown>> = {
  maxConnections: count,
  whenFull: oneOf('wait', 'close', 'refuse'),
  listenBelow: count,
  maxPerAddress: count,
  refusal: callback,
  firstPacketTimeout: milliseconds,
}
