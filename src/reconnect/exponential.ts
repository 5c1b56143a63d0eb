import { checkOptions, delay, type Rule } from '../connection/options.js'
import type { BackoffPolicy } from './backoff.js'
import { jitterRules, jittered, type JitterOptions } from './jitter.js'

/** How `exponential` grows. */
export interface ExponentialOptions extends JitterOptions {
  /** The first delay before jitter, in milliseconds. Default 200. */
  readonly base?: number
  /** How many times longer each next one is, 1 or more. Default 2. */
  readonly factor?: number
}

const factor: Rule = value =>
  typeof value === 'number' && value >= 1 && value < Infinity ? undefined : 'must be a number, 1 or more'

/**
 * Delays that double each time, up to a cap, without an end: 200, 400, 800, … 30 000 ms, each spread by full jitter.
 * What to use unless there is a reason.
 *
 * The first delay is spread as well: all clients of a server that restarts lose it in the same moment.
 *
 * @see {@link https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/} for why jitter, and which
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example A client for life
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(lines()), reconnect(exponential()))
 * ```
 */
export function exponential(options: ExponentialOptions = {}): BackoffPolicy {
  checkOptions('exponential', options, { base: delay, factor, ...jitterRules })
  const { base = 200, factor: times = 2 } = options
  const jitter = jittered(options)
  return {
    *[Symbol.iterator]() {
      for (let delay = base; ; delay *= times) yield jitter(delay)
    },
  }
}
