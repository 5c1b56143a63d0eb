import { distinctUntilChanged, map, Observable, startWith, Subject } from 'rxjs'
import type { SentOf, TypedEvent } from '../connection/event.js'
import { SluiceError } from '../connection/errors.js'
import { checkOptions, delay } from '../connection/options.js'
import { Crew, type Recipe } from './crew.js'
import { endow } from './endow.js'
import type { PoolEndpoint } from './endpoints.js'
import { groupOf, type ConnectionGroup } from './group.js'
import type { Lease } from './lease.js'
import { leaseSettings } from './lease-options.js'
import type { LiveLease } from './live-lease.js'
import type { LiveMember } from './live-member.js'
import type { Member, MemberConnection } from './member.js'
import type { Pooled } from './pooled.js'
import { endpointRules, poolRules, type EndpointOptions, type PoolOptions } from './pool-options.js'
import { sameState, stateOf, type PoolState } from './pool-state.js'
import { roundRobin, type Select } from './select.js'

/**
 * Many connections as one stream, and ways to send to one of them.
 *
 * @typeParam E the events of a member
 * @typeParam At the endpoints of its members
 */
export interface Pool<E extends TypedEvent, At = undefined> extends ConnectionGroup<Pooled<E, At>> {
  readonly connections: readonly MemberConnection<SentOf<E>, At>[]
  connection(id: string): MemberConnection<SentOf<E>, At> | undefined

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

  /**
   * One connection for yourself, until you unsubscribe: emits it when there is one, and completes when it is given back
   * or has closed.
   *
   * Idle connections are leased first, the last used before the others; where there is none, one more is dialled, up to
   * `max`. Who has to wait gets his in the order in which he asked. A leased connection is left out of `send` and
   * `broadcast`; its packets go to `lease.events` alone, all its other events also to who is subscribed to the pool. It
   * goes back only by `lease.release()`: after a mere unsubscribe it is destroyed and replaced, as nobody knows what is
   * still under way on it. An open lease holds the pool open, as a subscriber does.
   *
   * Errors with `ERR_LEASE_TIMEOUT`, `ERR_POOL_FULL` or `ERR_POOL_CLOSED`, whose `cause` is what went wrong last; with
   * `ERR_HANDLER` where `random` throws, which costs no connection.
   *
   * @example
   * ```ts
   * const clients = pool(client, { size: 2, max: 8 })
   * clients.lease().subscribe(lease => {
   *   lease.events.pipe(packets(), take(1)).subscribe(() => lease.release())
   *   lease.connection.send(new Uint8Array([1]))
   * })
   * ```
   */
  lease(): Observable<Lease<E, At>>

  /** How many members there are, and who waits for what: now, and whenever it changes. */
  readonly state: Observable<PoolState>

  /**
   * Ends the pool for good. New leases fail at once with `ERR_POOL_CLOSED`; those that wait may still be served. Members
   * close as soon as nobody has or needs them, and when `grace` is over all of them do. Then the pool completes. A second
   * call does nothing.
   *
   * @param options `grace`: milliseconds. Default 5 000
   * @throws `SluiceError` with code `ERR_OPTIONS`
   */
  close(options?: { readonly grace?: number }): void
}

/**
 * Keeps a number of connections open, and makes one stream of them.
 *
 * A member is a stream of one connection at a time, with a life of its own: pipe `reconnect` into it and it comes back.
 * Each event's connection tells its `member`, `endpoint` and `session`. What happens to a member is an event: its
 * stream's end is `finished`, with the error where it failed. The pool never errors, and completes when no more
 * endpoints will come and all members have finished. Members start in order, four at a time. Like any group it is
 * shared: the first subscriber opens all of it, the last to leave closes it.
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
  return poolOf({ streamTo, endpoints, size, select: select as Select<unknown>, leases: leaseSettings(size, options) })
}

function poolOf(recipe: Omit<Recipe, 'held' | 'changed'>): Pool<TypedEvent, unknown> {
  const changes = new Subject<void>()
  let crew: Crew | undefined
  /** How many leases are asked for, or had: they hold the pool open. */
  let holders = 0
  let closed = false
  const merged = new Observable<TypedEvent>(subscriber => {
    if (closed) {
      subscriber.complete()
      return
    }
    const changed = (): void => {
      if (changes.observed) changes.next()
    }
    const own = new Crew({ ...recipe, changed, held: () => holders > 0 }, subscriber)
    crew = own
    subscriber.add(() => {
      if (crew === own) crew = undefined
      changed()
    })
    own.run()
  })
  const { group, keep } = groupOf(
    merged as Observable<Pooled<TypedEvent, unknown>>,
    ({ member }) => (member as LiveMember).available,
  )
  return endow(group, {
    get members() {
      return crew?.members ?? []
    },
    member: (id: string) => crew?.members.find(member => member.id === id),
    send: (packet: unknown) => crew?.pick(packet)?.send(packet) ?? false,
    pick: (packet: unknown) => crew?.pick(packet),
    lease() {
      const place = recipe.leases.leakAfter === Infinity ? undefined : new Error('a lease that is kept for long')
      return new Observable<LiveLease>(subscriber => {
        if (closed) {
          subscriber.error(poolClosed())
          return
        }
        holders += 1
        const kept = keep()
        const lease = crew?.leases.ask(subscriber, place)
        if (lease === undefined) subscriber.error(poolClosed())
        return () => {
          holders -= 1
          kept.letGo()
          lease?.leave()
          if (holders === 0) crew?.asked()
        }
      })
    },
    state: changes.pipe(
      startWith(undefined),
      map(() => stateOf(crew)),
      distinctUntilChanged(sameState),
    ),
    close(options: { readonly grace?: number } = {}) {
      checkOptions('close', options, { grace: delay })
      if (closed) return
      closed = true
      crew?.close(options.grace ?? 5_000)
    },
  })
}

function poolClosed(): SluiceError {
  return new SluiceError('ERR_POOL_CLOSED', 'no lease: the pool is closed')
}
