import { asError, SluiceError } from '../connection/errors.js'
import { delay } from '../connection/options.js'

/**
 * The delays of one outage, in milliseconds: when they run out, we give up.
 *
 * A list is a policy, and so is all that `constant`, `linear` and `exponential` make. It is iterated afresh for each
 * outage, by each subscription on its own; what can be iterated only once (the *object* that a generator function
 * returns) is refused.
 *
 * @example Three tries
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(reconnect([100, 500, 2000]))
 * ```
 *
 * @example At once, then with backoff
 * ```ts
 * const eager = {
 *   *[Symbol.iterator]() {
 *     yield 0
 *     yield* exponential()
 *   },
 * }
 * tcp.connect({ port: 4000 }).pipe(reconnect(eager))
 * ```
 */
export type BackoffPolicy = Iterable<number>

/**
 * Checks a policy, and by `others` the options beside it: the faults of both are named at once.
 *
 * @throws `SluiceError` with code `ERR_POLICY`, or what `others` throws if nothing is wrong with the policy
 */
export function checkPolicy(of: string, policy: BackoffPolicy, others: () => void): void {
  const checks = [() => checkDelays(of, policy), others]
  const [first, second] = checks.flatMap(thrownBy)
  if (first === undefined) return
  if (second === undefined) throw first
  throw new SluiceError('ERR_POLICY', `${first.message}; ${second.message}`)
}

function thrownBy(check: () => void): Error[] {
  try {
    check()
    return []
  } catch (thrown) {
    return [asError(thrown)]
  }
}

function checkDelays(of: string, policy: BackoffPolicy): void {
  const iterable = policy as Partial<BackoffPolicy> | null
  if (typeof iterable !== 'object' || typeof iterable?.[Symbol.iterator] !== 'function') {
    throw new SluiceError('ERR_POLICY', `${of}: a policy is an iterable of delays: [100, 500, 2000], or exponential()`)
  }
  if (Array.isArray(policy)) policy.forEach(checkDelay)
  else if (Object.is(policy[Symbol.iterator](), policy)) {
    throw new SluiceError(
      'ERR_POLICY',
      `${of}: this policy can be iterated only once, and each outage needs its delays afresh: ` +
        'instead of what a generator function returns, pass { [Symbol.iterator]: generatorFunction }',
    )
  }
}

/** @throws `SluiceError` with code `ERR_POLICY` */
export function checkDelay(value: unknown): void {
  const fault = delay(value)
  if (fault !== undefined) throw new SluiceError('ERR_POLICY', `a delay of a policy ${fault}, not ${String(value)}`)
}
