import { above, callback, delay, oneOf, type Rules } from '../connection/options.js'

/**
 * How delays are spread, so that clients who lose their server together do not come back together: `full` anywhere
 * between the floor and the delay, `equal` in its upper half, `none` not at all.
 */
export type Jitter = 'full' | 'equal' | 'none'

/** What delays that grow have in common. */
export interface JitterOptions {
  /** No delay is longer, in milliseconds. Default 30 000. */
  readonly cap?: number
  /** No delay is shorter, in milliseconds; at most `cap`. Default 20, or `cap` if that is less. */
  readonly floor?: number
  /** Default `full`, from the first delay on. */
  readonly jitter?: Jitter
  /** Numbers of at least 0 and less than 1. Default `Math.random`; `seeded` makes them come back. */
  readonly random?: () => number
}

const CAP = 30_000

export const jitterRules: Rules<JitterOptions> = {
  cap: delay,
  floor: (value, { cap = CAP } = {}) => delay(value) ?? above(value, 'cap', cap),
  jitter: oneOf('full', 'equal', 'none'),
  random: callback,
}

/** Spreads growing delays, by the whole millisecond. */
export function jittered(options: JitterOptions): (delay: number) => number {
  const { cap = CAP, floor = Math.min(20, cap), jitter = 'full', random = Math.random } = options
  return delay => {
    const longest = Math.max(floor, Math.min(delay, cap))
    const shortest = Math.max(floor, jitter === 'full' ? 0 : jitter === 'equal' ? longest / 2 : longest)
    return Math.round(shortest + random() * (longest - shortest))
  }
}
