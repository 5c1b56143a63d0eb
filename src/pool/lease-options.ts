import { callback, count, milliseconds, type Rule, type Rules } from '../connection/options.js'

/** What concerns leases. */
export interface LeaseOptions {
  /**
   * Up to how many members there may be at each endpoint: for leases a pool grows beyond its `size`. Default 16, or
   * `size` where that is more.
   */
  readonly max?: number
  /**
   * How many leases may wait for a connection, beyond those for whom one is being dialled; one more fails with
   * `ERR_POOL_FULL`. 0 is legal. Default twice the `max`.
   */
  readonly maxPending?: number
  /** How long a lease may wait, in milliseconds; then it fails with `ERR_LEASE_TIMEOUT`. Default 5 000. */
  readonly waitTimeout?: number
  /** How long a member beyond `size` is kept that nobody leases, in milliseconds, and up to a quarter longer. Default 60 000. */
  readonly idleTime?: number
  /**
   * How old a connection that is leased may become, in milliseconds; then it is replaced, as soon as nobody has it. One
   * that was never leased becomes as old as it likes. Default 600 000.
   */
  readonly lifetime?: number
  /** By what part of it a `lifetime` may be shorter, so that not all end together: 0 to 1. Default 0.1. */
  readonly variance?: number
  /** Spreads lifetimes, and the attempts at an endpoint that fails: numbers of at least 0 and less than 1. Default `Math.random`. */
  readonly random?: () => number
  /** How long somebody may have a lease before a `leak` event tells where he got it, in milliseconds. Default `Infinity`. */
  readonly leakAfter?: number
}

const share: Rule = value =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'must be a number from 0 to 1'

export const leaseRules: Rules<LeaseOptions> = {
  max: count,
  maxPending: value => (value === 0 ? undefined : count(value)),
  waitTimeout: milliseconds,
  idleTime: milliseconds,
  lifetime: milliseconds,
  variance: share,
  random: callback,
  leakAfter: milliseconds,
}

/** The options with their defaults. */
export function leaseSettings(size: number, options: LeaseOptions): Required<LeaseOptions> {
  const { max = Math.max(16, size) } = options
  const {
    maxPending = 2 * max,
    waitTimeout = 5_000,
    idleTime = 60_000,
    lifetime = 600_000,
    variance = 0.1,
    random = Math.random,
    leakAfter = Infinity,
  } = options
  return { max: Math.max(max, size), maxPending, waitTimeout, idleTime, lifetime, variance, random, leakAfter }
}
