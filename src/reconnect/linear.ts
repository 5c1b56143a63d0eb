import { checkOptions, delay } from '../connection/options.js'
import type { BackoffPolicy } from './backoff.js'
import { jitterRules, jittered, type JitterOptions } from './jitter.js'

/** How `linear` grows. */
export interface LinearOptions extends JitterOptions {
  /** The first delay before jitter, in milliseconds. Default 200. */
  readonly base?: number
  /** How much longer each next one is, in milliseconds. Default: as much as `base`. */
  readonly step?: number
}

/**
 * Delays that grow by the same amount each time, up to a cap, without an end: 200, 400, 600, … 30 000 ms, each spread
 * by full jitter.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example A second more each time, up to ten
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(reconnect(linear({ base: 1_000, cap: 10_000 })))
 * ```
 */
export function linear(options: LinearOptions = {}): BackoffPolicy {
  checkOptions('linear', options, { base: delay, step: delay, ...jitterRules })
  const { base = 200, step = base } = options
  const jitter = jittered(options)
  return {
    *[Symbol.iterator]() {
      for (let delay = base; ; delay += step) yield jitter(delay)
    },
  }
}
