import { Observable } from 'rxjs'
import type { SentOf, TypedEvent } from '../connection/event.js'
import { checkOptions } from '../connection/options.js'
import { Crew, type Recipe } from './crew.js'
import { endow } from './endow.js'
import type { PoolEndpoint } from './endpoints.js'
import { groupOf, type ConnectionGroup } from './group.js'
import type { LiveConnection } from './member-connection.js'
import type { Member, MemberConnection, Pooled } from './member.js'
import { endpointRules, poolRules, type EndpointOptions, type PoolOptions } from './pool-options.js'
import { roundRobin, type Select } from './select.js'

/**
 * Many connections as one stream, and ways to send to one of them.
 *
 * @typeParam E the events of a member
 * @typeParam At the endpoints of its members
 */
export interface Pool<E extends TypedEvent, At = undefined> extends ConnectionGroup<Pooled<E, At>> {
  /** All members there are, finished ones included. There are none while nobody is subscribed. */
  readonly members: readonly Member<SentOf<E>, At>[]

  /** The member with this id. */
  member(id: string): Member<SentOf<E>, At> | undefined

  /**
   * Sends a packet over one of the connections: whichever `select` chooses. Answers what that answered; `false` where
   * none is open, and then nothing is queued.
   */
  send(packet: SentOf<E>): boolean

  /** The connection over which `send` would send a packet, for those who need to know which it is. */
  pick(packet: SentOf<E>): MemberConnection<SentOf<E>, At> | undefined
}

/**
 * Keeps a number of connections open, and makes one stream of them.
 *
 * A member is a stream with a life of its own: pipe `reconnect` into it and it comes back on its own. Each event's
 * connection tells its `member`, `endpoint` and `session`. What happens to a member is an event: its stream's end is
 * `finished`, with the error where it failed. The pool never errors, and completes when no more endpoints will come and
 * all members have finished. Members start in order, four at a time. Like any group it is shared: the first subscriber
 * opens all of it, the last to leave closes it.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Eight connections to one server
 * ```ts
 * const clients = pool(tcp.connect({ port: 4000 }).pipe(framed(lines()), reconnect(exponential())), { size: 8 })
 * clients.pipe(packets()).subscribe(console.log)
 * clients.send('hello')
 * ```
 *
 * @example Two connections to each of several servers
 * ```ts
 * const clients = pool(
 *   (to: { host: string; port: number }) => tcp.connect(to).pipe(framed(lines()), reconnect(exponential())),
 *   { endpoints: [{ host: 'a', port: 4000 }, { host: 'b', port: 4000 }], size: 2, select: leastBuffered() },
 * )
 * ```
 */
export function pool<E extends TypedEvent>(stream: Observable<E>, options: PoolOptions<SentOf<E>>): Pool<E>
export function pool<E extends TypedEvent, At extends PoolEndpoint>(
  stream: (endpoint: At) => Observable<E>,
  options: PoolOptions<SentOf<E>> & EndpointOptions<At>,
): Pool<E, At>
export function pool(
  stream: Observable<TypedEvent> | ((endpoint: never) => Observable<TypedEvent>),
  options: PoolOptions & Partial<EndpointOptions<PoolEndpoint>>,
): unknown {
  const toMany = typeof stream === 'function'
  if (toMany) checkOptions('pool', options, { ...poolRules, ...endpointRules }, ['size', 'endpoints'])
  else checkOptions('pool', options, poolRules, ['size'])
  const { size, endpoints = [undefined], select = roundRobin() } = options
  const streamTo = toMany ? (stream as Recipe['streamTo']) : () => stream
  return poolOf({ streamTo, endpoints, size, select: select as Select<unknown> })
}

function poolOf(recipe: Recipe): Pool<TypedEvent, unknown> {
  let crew: Crew | undefined
  const merged = new Observable<TypedEvent>(subscriber => {
    const own = new Crew(recipe, subscriber)
    crew = own
    subscriber.add(() => {
      if (crew === own) crew = undefined
    })
    own.run()
  })
  const group = groupOf(merged, connection => (connection as LiveConnection).member.lessee === undefined)
  return endow(group, {
    get members() {
      return crew?.members ?? []
    },
    member: (id: string) => crew?.members.find(member => member.id === id),
    send: (packet: unknown) => crew?.pick(packet)?.send(packet) ?? false,
    pick: (packet: unknown) => crew?.pick(packet),
  })
}
