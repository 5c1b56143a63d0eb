import { Observable, type ObservableInput, type OperatorFunction } from 'rxjs'
import type { AnyEvent, ConnectionOf, PacketOf, SentOf, TypedEvent } from '../connection/event.js'
import { besides, callback, checkOptions, finiteCount } from '../connection/options.js'
import { correlationRule, type Correlation } from './correlation.js'
import { Service, type Answering } from './service.js'

/** How `respond` answers. */
export interface RespondOptions<E extends TypedEvent> {
  /**
   * How many requests of a connection are handled at once. Default 16; for a correlation in order 1, as who sends two
   * there may count on the first being done before the second.
   */
  readonly concurrency?: number
  /** What is answered where the handler has failed. Default: nothing, and the connection is destroyed. */
  readonly failed?: (error: unknown, request: PacketOf<E>) => SentOf<E>
}

const respondRules = { correlation: correlationRule, handler: callback, concurrency: finiteCount, failed: callback }

/**
 * Answers requests: the handler gets each one, and what it gives (a promise, a list, a stream of any kind) is sent back
 * as the answers to it. A string counts as one answer, not as a list of letters.
 *
 * Reading waits: while `concurrency` requests of a connection are being handled and as many wait, and while the peer is
 * behind with reading the answers. Of an iterable or async iterable the next answer is asked for when there is room; an
 * Observable can't be slowed, and the connection fails with `ERR_SEND_OVERFLOW` when it is too fast. With a correlation
 * in order, what is answered before its turn is kept.
 *
 * A request that the peer cancels (`cancels` of `byId`) is unsubscribed from, and so are all when their connection closes.
 * A handler that fails destroys its own connection with `ERR_HANDLER`, unless `failed` makes an answer of it. Emits all
 * events but the requests: a packet in which there is no id passes.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Answer each line
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(framed(lines()), respond(inOrder(), line => answer(line))).subscribe()
 * ```
 */
export function respond<E extends TypedEvent>(
  correlation: Correlation<PacketOf<E>, SentOf<E>>,
  handler: (request: PacketOf<E>, connection: ConnectionOf<E>) => ObservableInput<SentOf<E>>,
  options: RespondOptions<E> = {},
): OperatorFunction<E, E> {
  const given = besides(options as RespondOptions<TypedEvent>, { correlation, handler })
  checkOptions('respond', given, respondRules, ['correlation', 'handler'])
  const { concurrency = correlation.kind === 'in order' ? 1 : 16, failed } = options
  const answering = { correlation, handler, failed, concurrency } as unknown as Answering
  return source =>
    new Observable<TypedEvent>(subscriber => {
      const service = new Service(answering, subscriber)
      subscriber.add(() => {
        service.cancel()
      })
      subscriber.add((source as Observable<TypedEvent> as Observable<AnyEvent>).subscribe(service))
      subscriber.add(() => {
        service.stop()
      })
    }) as Observable<E>
}
