import { Observable, type OperatorFunction } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, ConnectionOf, TypedEvent } from '../connection/event.js'
import { besides, callback, checkOptions } from '../connection/options.js'
import { Feeding } from './feeding.js'
import { sendAllRules, type DroppedEvent, type PushOptions, type SendAllOptions } from './send-all-options.js'

/** What a connection sends. */
type Sent<C> = C extends Connection<infer Out> ? Out : never

/**
 * Sends everything that a source has through each connection that opens, as fast as the peer takes it.
 *
 * `source` answers the packets for a connection. Of an iterable or an async iterable a packet is asked for when there
 * is room for it, so nothing waits. An Observable can't be slowed: there the `overflow` rule says what becomes of
 * packets when more wait than may, and what is dropped is told as `dropped`.
 *
 * All events pass. The `close` cancels the source, and so does an `end()` or `close()` of ours. The `end` of the peer
 * does not cancel it: an iterable is sent to its end before that is answered with ours, of an Observable what waits is.
 * So let one without an end be an Observable.
 *
 * A source that throws or errors, or has a packet that can't be encoded, destroys its connection with `ERR_HANDLER`;
 * the others go on.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example A file to each client, and then the end
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(sendAll(() => createReadStream('file'), { end: 'close' }))
 * ```
 *
 * @example The latest price of each share, however slow the client
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(
 *   framed(ndjson<Price>()),
 *   sendAll(() => prices, { overflow: { latestBy: ({ share }) => share } }),
 * )
 * ```
 */
export function sendAll<E extends TypedEvent>(
  source: (connection: ConnectionOf<E>) => Iterable<Sent<ConnectionOf<E>>> | AsyncIterable<Sent<ConnectionOf<E>>>,
  options?: SendAllOptions,
): OperatorFunction<E, E>
export function sendAll<E extends TypedEvent>(
  source: (connection: ConnectionOf<E>) => Observable<Sent<ConnectionOf<E>>>,
  options: PushOptions<Sent<ConnectionOf<E>>>,
): OperatorFunction<E, E | DroppedEvent<ConnectionOf<E>>>
export function sendAll(
  source: (connection: Connection<never>) => unknown,
  options: Partial<PushOptions<never>> = {},
): OperatorFunction<TypedEvent, TypedEvent> {
  const given = besides(options as Partial<PushOptions<unknown>>, { source })
  checkOptions('sendAll', given, { source: callback, ...sendAllRules }, ['source'])
  return events =>
    new Observable(subscriber => {
      const feeding = new Feeding(subscriber, source, options as Partial<PushOptions<unknown>>)
      subscriber.add(() => {
        feeding.cancel()
      })
      subscriber.add((events as Observable<AnyEvent>).subscribe(feeding))
    })
}
