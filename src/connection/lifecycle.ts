import { filter, type OperatorFunction } from 'rxjs'
import type { TypedEvent } from './event.js'

/**
 * Keeps everything but the packets: what happens to connections, and what other operators tell of them.
 *
 * @example Watch a client's connection
 * ```ts
 * client.pipe(lifecycle()).subscribe(event => console.log(event.type))
 * ```
 */
export function lifecycle<E extends TypedEvent>(): OperatorFunction<E, Exclude<E, { readonly type: 'packet' }>> {
  return filter((event: E): event is Exclude<E, { readonly type: 'packet' }> => event.type !== 'packet')
}
