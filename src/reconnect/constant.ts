import { checkOptions, delay } from '../connection/options.js'
import type { BackoffPolicy } from './backoff.js'

/**
 * The same delay again and again, without an end and without jitter: for tests, and for a client that is alone. Many
 * clients that lose their server together would come back together.
 *
 * @param ms milliseconds, 0 or more; with 0 no timer is set at all
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Every second, five times
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(reconnect(limit(constant(1_000), { attempts: 5 })))
 * ```
 */
export function constant(ms: number): BackoffPolicy {
  checkOptions('constant', { ms }, { ms: delay })
  return {
    *[Symbol.iterator]() {
      for (;;) yield ms
    },
  }
}
