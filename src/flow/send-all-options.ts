import type { Connection } from '../connection/connection.js'
import { oneOf, type Rules } from '../connection/options.js'
import { backlogRules, type BacklogOptions } from './backlog.js'

/** Packets could not wait any longer for room. Told when there is room again, or before the `close`. */
export interface DroppedEvent<C extends Connection<never> = Connection> {
  readonly type: 'dropped'
  /** The one on which there was no room. */
  readonly connection: C
  /** How many, since it was told last. */
  readonly count: number
}

/** What `sendAll` does behind the last packet of a source. */
export interface SendAllOptions {
  /** `end` says that we have finished sending, `close` closes the connection. Default: nothing. */
  readonly end?: 'end' | 'close'
}

/** The same for sources that can't be slowed. */
export interface PushOptions<Out> extends SendAllOptions, BacklogOptions<Out> {}

export const sendAllRules: Rules<PushOptions<unknown>> = { end: oneOf('end', 'close'), ...backlogRules }
