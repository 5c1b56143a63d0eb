import type { Observable } from 'rxjs'
import type { TypedEvent } from '../connection/event.js'
import { checkOptions, count } from '../connection/options.js'
import { Iteration } from './iteration.js'

/** How far `iterate` lets a stream be ahead of its loop. */
export interface IterateOptions {
  /** How many packets of a connection may wait before it is held; at half of them it is let go. Default 16. */
  readonly prefetch?: number
}

/**
 * Loops over the events of a stream with `for await`, and holds each connection while the loop is behind with its
 * packets: memory stays bounded whatever the body awaits.
 *
 * Starting a loop subscribes, and so dials or binds; leaving it (`break`, `return`, an exception) unsubscribes, and so
 * closes. An `end` that was told is not answered with ours until the body that got it has run. An error of the stream
 * is thrown behind what came before it. A loop over a stream of packets alone could hold nothing back: filter the
 * events instead.
 *
 * This is an edge where promises are right, and so it is not for marble tests: they don't run in virtual time.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`; the loop with `ERR_READ_OVERFLOW` if more than 65 536 events wait,
 * those of peers that come and go, say, which no connection can hold back
 *
 * @example An echo server
 * ```ts
 * for await (const event of iterate(tcp.listen({ port: 4000 }))) {
 *   if (event.type === 'packet') event.connection.send(event.packet)
 * }
 * ```
 */
export function iterate<E extends TypedEvent>(stream: Observable<E>, options: IterateOptions = {}): AsyncIterable<E> {
  checkOptions('iterate', options, { prefetch: count })
  const { prefetch = 16 } = options
  return { [Symbol.asyncIterator]: () => new Iteration(stream, prefetch) }
}
