import type { Observable } from 'rxjs'
import type { Endpoint } from '../connection/connection.js'
import type { ConnectionOf, TypedEvent } from '../connection/event.js'
import type { Listener } from '../connection/listener.js'
import type { ConnectionGroup } from '../pool/group.js'
import type { DrainOptions, DrainProgress } from './drain-options.js'
import type { RefusedEvent } from './serve-options.js'
import type { ServerInfo } from './server-info.js'

/**
 * What is open on one or several ports, as a group, and what can be done with all of it.
 *
 * @typeParam E the events of its ports
 */
export interface Server<E extends TypedEvent> extends ConnectionGroup<E | RefusedEvent<ConnectionOf<E>>> {
  /** The ports that are bound. Each can be paused, resumed and closed on its own. */
  readonly listeners: readonly Listener[]
  /** Where they are bound. */
  readonly endpoints: readonly Endpoint[]

  /** `asleep` from `sleep()` to `wake()`. */
  readonly mode: 'awake' | 'asleep'
  /** Pauses all listeners: whoever connects waits, as many as `backlog` says. What is open stays so. */
  sleep(): void
  /** Lets those who wait in, as far as there is room. */
  wake(): void

  /**
   * Whether whoever connects now will be heard: `true` while all ports are bound, nobody has put it to sleep and it is
   * not being drained. Tells how it is and then each change; never ends. A server that is merely full is ready.
   */
  readonly ready: Observable<boolean>

  /** What was counted, up to now: since it was subscribed to, or in its last life. */
  info(): ServerInfo
  /** The same as a stream: now, after a change, at most once in so many milliseconds, and when it is over. Default 1 000. It never ends. */
  infos(every?: number): Observable<ServerInfo>

  /**
   * Ends it without losing anything, and within a deadline. `ready` turns `false`. After `delay`, all listeners close at
   * once. Then, batch by batch, each connection is sent what `announce` says, and asked to finish: its handler's packets
   * complete, and when the answers have, it is closed; without a handler it is closed at once. Its `close` says
   * `shutdown`. What is left at the deadline is destroyed, with `ERR_DRAINED`. The server's stream completes.
   *
   * It begins at once, subscribed to or not, so that two servers that are told in one go are both closed before either
   * waits. The stream tells where it is, and then the report; who subscribes late is told the latest. A second call,
   * while it is under way, aborts: the same stream is answered.
   *
   * @throws `SluiceError` with code `ERR_OPTIONS`. An `announce` that throws destroys its connection with `ERR_HANDLER`; a
   * `random` that does is told behind the report, as the error of the stream
   *
   * @example On SIGTERM; a second one aborts
   * ```ts
   * const chat = serve(tcp.listen({ port: 4000 }).pipe(framed(lines())))
   * fromEvent(process, 'SIGTERM')
   *   .pipe(switchMap(() => chat.drain({ announce: () => 'back in a minute' })))
   *   .subscribe(console.log)
   * ```
   */
  drain(options?: DrainOptions<E>): Observable<DrainProgress>
}
