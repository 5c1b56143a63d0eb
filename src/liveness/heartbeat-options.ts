import type { Connection } from '../connection/connection.js'
import type { ConnectionOf, PacketOf, SentOf } from '../connection/event.js'
import { callback, milliseconds, type Rule, type Rules } from '../connection/options.js'

/** A peer has answered a ping: stands in the place of the pong's packet. */
export interface HeartbeatEvent<C extends Connection<never> = Connection> {
  readonly type: 'heartbeat'
  /** The one whose peer is alive. */
  readonly connection: C
  /** Milliseconds from the ping to its pong. */
  readonly roundTrip: number
}

/**
 * How `heartbeat` asks for signs of life, and for how long it waits.
 *
 * @typeParam Ping which of the packets that can be sent is one
 */
export interface HeartbeatOptions<E, Ping = SentOf<E>> {
  /** Makes the packet that asks for a sign of life. */
  readonly ping: (connection: NoInfer<ConnectionOf<E>>) => Ping
  /**
   * Whether a packet answers a ping of its connection: then it is told as a `heartbeat`, and not as a packet. Without it,
   * answers are packets like any other.
   */
  readonly isPong?: (packet: NoInfer<PacketOf<E>>, connection: NoInfer<ConnectionOf<E>>) => boolean
  /** After how long a silence a ping is sent, at the latest, in milliseconds. Default 25 000. */
  readonly interval?: number
  /**
   * How long a ping may wait for a sign of life, in milliseconds. Default 20 000; `Infinity` to ping and never give up.
   */
  readonly timeout?: number
  /**
   * Where the first ping of a connection falls, from the end of the interval (0) down to half of it, so that those who
   * came together don't stay together: numbers of at least 0 and less than 1. Default `Math.random`.
   */
  readonly random?: () => number
}

const finite: Rule = value => (value === Infinity ? 'must be finite' : milliseconds(value))

export const heartbeatRules: Rules<HeartbeatOptions<unknown>> = {
  ping: callback,
  isPong: callback,
  interval: finite,
  timeout: milliseconds,
  random: callback,
}
