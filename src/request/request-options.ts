import type { Connection } from '../connection/connection.js'
import type { ConnectionOf, SentOf, TypedEvent } from '../connection/event.js'
import { anything, boolean, callback, count, milliseconds, within, type Rules } from '../connection/options.js'

/** How `requests` asks. */
export interface RequestsOptions<E extends TypedEvent> {
  /**
   * How long an ask waits for its answer, in milliseconds, counted from when it is asked, and of several answers from one
   * to the next. Default 5 000; `Infinity` for no limit.
   */
  readonly timeout?: number
  /** How many asks may be under way on a connection at once. Default 1 024. */
  readonly maxInFlight?: number
  /**
   * How many asks may wait until a connection can take them. Default 1 024; with 0, one that can't be sent at once
   * fails.
   */
  readonly maxWaiting?: number
  /**
   * On which of the open connections to ask; with `undefined` the ask waits, as it does for one that is busy. Default:
   * the one with the fewest in flight.
   */
  readonly select?: (connections: readonly ConnectionOf<E>[], packet: SentOf<E>) => Connection<never> | undefined
}

/** How a single request is asked. */
export interface AskOptions {
  /** In milliseconds, in place of that of `requests`; `Infinity` for no limit. */
  readonly timeout?: number
  /**
   * Whether it may be done twice. Then, when its connection is lost before an answer has come, it is sent again on
   * another, within the same deadline. Default `false`: never.
   */
  readonly idempotent?: boolean
  /** The one to be asked on, such as that of an `open` to log in on. Where it is not open, the ask fails. */
  readonly connection?: Connection<never>
}

export interface Settings {
  readonly timeout: number
  readonly maxInFlight: number
  readonly maxWaiting: number
  readonly select:
    ((connections: readonly Connection<never>[], packet: unknown) => Connection<never> | undefined) | undefined
}

export const requestsRules: Rules<RequestsOptions<TypedEvent>> = {
  timeout: milliseconds,
  maxInFlight: count,
  maxWaiting: within(0, Number.MAX_SAFE_INTEGER),
  select: callback,
}

export const askRules: Rules<AskOptions> = { timeout: milliseconds, idempotent: boolean, connection: anything }

export function settingsOf<E extends TypedEvent>({
  timeout = 5_000,
  maxInFlight = 1_024,
  maxWaiting = 1_024,
  select,
}: RequestsOptions<E>): Settings {
  return { timeout, maxInFlight, maxWaiting, select: select as Settings['select'] }
}
