import type { Connection } from '../connection/connection.js'
import type { Loaded } from '../connection/loaded.js'

/**
 * Where a member stands.
 *
 * - `waiting`: it is not its turn to be started, or it waits to dial again
 * - `connecting`: it is dialled
 * - `open`: it takes packets
 * - `draining`: it is to go, and gets nothing more; it is closed when nothing is in flight
 * - `finished`: its stream is over
 */
export type MemberState = 'waiting' | 'connecting' | 'open' | 'draining' | 'finished'

/**
 * One of those that a pool is made of: a stream with a life of its own.
 *
 * @typeParam Out what its connections send
 * @typeParam At its endpoint
 */
export interface Member<in Out = Uint8Array, out At = undefined> {
  /** Its endpoint and a number, like `127.0.0.1:6379#2`: whoever takes its place there later has it again. */
  readonly id: string
  /** Where it connects to; `undefined` in a pool that was given no endpoints. */
  readonly endpoint: At
  /** Where it stands now. */
  readonly state: MemberState
  /** How often it has been open. */
  readonly session: number
  /** The one that is open now. */
  readonly connection: MemberConnection<Out, At> | undefined
  /** How much is asked on it and not answered. */
  readonly inFlight: number
  /** Starts it again: when nothing is in flight if it is open, at once if it is finished. */
  restart(): void
  /** Closes it when nothing is in flight, and leaves it so. */
  stop(): void
}

/**
 * A connection that says which member it is of, and how busy.
 *
 * @typeParam Out what it sends
 * @typeParam At the endpoint of its member
 */
export interface MemberConnection<in Out = Uint8Array, out At = undefined> extends Connection<Out>, Loaded {
  /** The one that it is of. */
  readonly member: Member<Out, At>
  /** That of its member. */
  readonly endpoint: At
  /** Which time it is that this member is open: 1, 2, … */
  readonly session: number
}
