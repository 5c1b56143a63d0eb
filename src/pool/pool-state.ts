import type { Crew } from './crew.js'
import type { Waits } from './leases.js'

/** How many members a pool has, and who waits for what. */
export interface PoolState {
  /** Members that are not finished. */
  readonly total: number
  /** Open, and leased by nobody. */
  readonly idle: number
  /** Leased. */
  readonly inUse: number
  /** Dialled, or about to be; not those that wait to dial again. */
  readonly connecting: number
  /** Leases that wait for a connection. */
  readonly pending: number
  /** How long leases have waited so far. */
  readonly waits: Waits
}

const nobody: PoolState = {
  total: 0,
  idle: 0,
  inUse: 0,
  connecting: 0,
  pending: 0,
  waits: { granted: 0, failed: 0, longest: 0, total: 0 },
}

export function stateOf(crew: Crew | undefined): PoolState {
  if (crew === undefined) return nobody
  const { members, leases, underWay: connecting } = crew
  return {
    total: members.filter(({ state }) => state !== 'finished').length,
    idle: members.filter(({ available }) => available).length,
    inUse: leases.inUse,
    connecting,
    pending: leases.pending,
    waits: leases.waits,
  }
}

export function sameState(one: PoolState, other: PoolState): boolean {
  return (
    one.total === other.total &&
    one.idle === other.idle &&
    one.inUse === other.inUse &&
    one.connecting === other.connecting &&
    one.pending === other.pending &&
    one.waits.granted === other.waits.granted &&
    one.waits.failed === other.waits.failed
  )
}
