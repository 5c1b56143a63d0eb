import { BehaviorSubject, Observable, Subject, distinctUntilChanged, isObservable, of } from 'rxjs'
import type { SentOf, TypedEvent } from '../connection/event.js'
import { checkOptions, milliseconds } from '../connection/options.js'
import { endow } from '../pool/endow.js'
import { group } from '../pool/group.js'
import { drainRules, type DrainOptions, type DrainProgress } from './drain-options.js'
import { infos } from './infos.js'
import { serveRules, type Handler, type ServeOptions } from './serve-options.js'
import type { Server } from './server.js'
import { nothingYet } from './server-info.js'
import { Service, type Recipe } from './service.js'

/**
 * Serves one port or several: lets connections in, up to a limit, gives each to a handler, and can be drained.
 *
 * The handler gets the packets of one connection and answers a stream of packets, which are sent to that connection.
 * While the peer does not read them, it is not read from either. The packets complete at the peer's end, or when the
 * server is drained; when the answers complete, the connection is closed. A handler that throws, whose answer errors or
 * can't be encoded, destroys its own connection with `ERR_HANDLER`, and harms no one else. Without a handler, the
 * packets are for those who subscribe.
 *
 * The server is a group, which is subscribed to like any stream: the first subscriber binds the ports, the last to leave
 * closes all. It emits everything that happens, packets included, and `refused` for each connection that is not let in,
 * of which nothing else is told. It errors if a port can't be bound, and completes when it has been drained. What was
 * piped into `listening` comes first: it sees those who are refused, too.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`. A `refusal` that throws destroys its connection with `ERR_HANDLER`
 *
 * @example An echo server for a thousand
 * ```ts
 * const echo = serve(tcp.listen({ port: 4000 }).pipe(framed(lines())), packets => packets, { maxConnections: 1_000 })
 * echo.subscribe()
 * ```
 */
export function serve<E extends TypedEvent, const Refusal extends SentOf<E> = SentOf<E>>(
  listening: Observable<E> | readonly Observable<E>[],
  options?: ServeOptions<E, Refusal>,
): Server<E>
export function serve<E extends TypedEvent, const Refusal extends SentOf<E> = SentOf<E>>(
  listening: Observable<E> | readonly Observable<E>[],
  handler: Handler<E> | undefined,
  options?: ServeOptions<E, Refusal>,
): Server<E>
export function serve(
  listening: Observable<TypedEvent> | readonly Observable<TypedEvent>[],
  ...how: readonly (Handler<never> | ServeOptions<never, unknown> | undefined)[]
): unknown {
  const [handler, options = {}] = how[0] === undefined || typeof how[0] === 'function' ? how : [undefined, how[0]]
  checkOptions('serve', options as ServeOptions<unknown>, serveRules)
  return serverOf({
    ports: isObservable(listening) ? [listening] : listening,
    handler: handler as Handler<unknown> | undefined,
    options: options as ServeOptions<unknown>,
  })
}

function serverOf(recipe: Recipe): Server<TypedEvent> {
  let service: Service | undefined
  let last = nothingYet
  let asleep = false
  const ready = new BehaviorSubject(false)
  const changes = new Subject<void>()
  const changed = () => {
    ready.next(service?.ready ?? false)
    changes.next()
  }
  const info = () => service?.info ?? last

  const events = new Observable<TypedEvent>(subscriber => {
    const own = new Service(recipe, subscriber, changed)
    service = own
    if (asleep) own.doors.shut('asleep')
    subscriber.add(() => {
      own.stop()
      last = { ...own.info, active: 0, waiting: 0 }
      if (service === own) service = undefined
      changed()
    })
    own.run()
  })

  return endow(group(events), {
    get listeners() {
      return service?.doors.listeners ?? []
    },
    get endpoints() {
      return (service?.doors.listeners ?? []).map(({ endpoint }) => endpoint)
    },
    get mode() {
      return asleep ? ('asleep' as const) : ('awake' as const)
    },
    sleep() {
      asleep = true
      service?.doors.shut('asleep')
      changed()
    },
    wake() {
      asleep = false
      service?.doors.open('asleep')
      changed()
    },
    ready: ready.pipe(distinctUntilChanged()),
    info,
    infos(every = 1_000) {
      checkOptions('infos', { every }, { every: milliseconds })
      return infos({ changes, info, over: () => service === undefined }, every)
    },
    drain(options: DrainOptions<TypedEvent> = {}): Observable<DrainProgress> {
      checkOptions('drain', options as DrainOptions<unknown>, drainRules)
      return service?.drain(options) ?? of(over)
    },
  })
}

/** There was nothing to be drained. */
const over: DrainProgress = { phase: 'done', remaining: 0, finished: 0, aborted: 0, bytesLost: 0 }
