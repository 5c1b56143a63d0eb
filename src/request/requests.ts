import { Observable, type Observer } from 'rxjs'
import type { AnyEvent, PacketOf, SentOf, TypedEvent } from '../connection/event.js'
import { besides, checkOptions } from '../connection/options.js'
import { endow } from '../pool/endow.js'
import { correlationRule, type Correlation } from './correlation.js'
import { FirstAnswer } from './first-answer.js'
import { askRules, requestsRules, settingsOf, type AskOptions, type RequestsOptions } from './request-options.js'
import type { Requester } from './requester.js'
import { Switchboard } from './switchboard.js'

/**
 * Asks over the connections of a stream, and brings each answer to who asked: over one connection, a client that comes
 * back, or a pool.
 *
 * A request is sent on the open connection with the fewest in flight (or which `select` says), and waits while none can
 * take it. It has until its deadline. When its connection goes it fails at once, and is never sent again unless it is
 * said to be `idempotent`: then, if nothing of its answer has come, on the next connection and within the same
 * deadline. An answer counts only on the connection on which was asked. What comes too late, or for nobody, is counted
 * and dropped.
 *
 * The requester shares the stream: who subscribes to it later has missed what was told before. An `open` is told to its
 * subscribers before anything that waits is sent, so that they can ask first, `connection` being the one that has
 * opened. A request whose packet can't be made or encoded fails alone; when `get`, `last` or `failed` throws, the
 * connection is destroyed with `ERR_HANDLER`.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example A client for life, of a server that answers each line with a line
 * ```ts
 * const colours = requests(tcp.connect({ port: 4000 }).pipe(framed(lines()), reconnect(exponential())), inOrder())
 * colours.subscribe()
 * colours.ask('sky').subscribe(console.log)
 * ```
 */
export function requests<E extends TypedEvent>(
  stream: Observable<E>,
  correlation: Correlation<PacketOf<E>, SentOf<E>>,
  options: RequestsOptions<E> = {},
): Requester<E> {
  const given = besides(options as RequestsOptions<TypedEvent>, { correlation })
  checkOptions('requests', given, { correlation: correlationRule, ...requestsRules }, ['correlation'])
  const source = stream as Observable<TypedEvent> as Observable<AnyEvent>
  const switchboard = new Switchboard(source, correlation as Correlation<unknown, unknown>, settingsOf(options))
  const { counts } = switchboard
  const events = new Observable<TypedEvent>(subscriber => {
    switchboard.watch(subscriber)
  }) as Observable<E>
  return endow(events, {
    ask(packet: SentOf<E>, asked?: AskOptions) {
      if (asked !== undefined) checkOptions('ask', asked, askRules)
      return new Observable<PacketOf<E>>(subscriber => switchboard.ask(packet, subscriber as Observer<unknown>, asked))
    },
    promise(packet: SentOf<E>, asked?: AskOptions) {
      if (asked !== undefined) checkOptions('promise', asked, askRules)
      return new Promise<unknown>((resolve, reject) => {
        const first = new FirstAnswer(resolve, reject)
        first.to(switchboard.ask(packet, first, asked))
      }) as Promise<PacketOf<E>>
    },
    get inFlight() {
      return counts.inFlight
    },
    get waiting() {
      return counts.waiting
    },
    get late() {
      return counts.late
    },
    get unknown() {
      return counts.unknown
    },
  })
}
