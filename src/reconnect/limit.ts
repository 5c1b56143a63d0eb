import { now } from '../connection/clock.js'
import { checkOptions, count, milliseconds } from '../connection/options.js'
import { checkPolicy, type BackoffPolicy } from './backoff.js'

/** When to give up; at the first of them. */
export interface LimitOptions {
  /** After how many attempts of one outage. Default no limit. */
  readonly attempts?: number
  /** How long after an outage began, in milliseconds: no wait is started that would end later. Default no limit. */
  readonly elapsed?: number
}

/**
 * A policy that gives up: after so many attempts, or so long after the outage began, the time that the attempts took
 * included.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS` or `ERR_POLICY`
 *
 * @example Ten attempts, within two minutes
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(reconnect(limit(exponential(), { attempts: 10, elapsed: 120_000 })))
 * ```
 */
export function limit(policy: BackoffPolicy, limits: LimitOptions): BackoffPolicy {
  checkPolicy('limit', policy, () => {
    checkOptions('limit', limits, { attempts: count, elapsed: milliseconds })
  })
  const { attempts = Infinity, elapsed = Infinity } = limits
  return {
    *[Symbol.iterator]() {
      const end = now() + elapsed
      let left = attempts
      for (const delay of policy) {
        if (now() + delay > end) return
        yield delay
        left -= 1
        if (left === 0) return
      }
    },
  }
}
