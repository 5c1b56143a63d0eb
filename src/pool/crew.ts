import { defer, isObservable, of, tap, timer, type Observable, type Subscriber, type Subscription } from 'rxjs'
import { chance } from '../connection/chance.js'
import { after, now } from '../connection/clock.js'
import type { AnyEvent, CloseEvent, TypedEvent } from '../connection/event.js'
import type { Failure } from '../connection/silent-close.js'
import type { LeakEvent } from './leak.js'
import { Leases, type Lot } from './leases.js'
import type { LeaseOptions } from './lease-options.js'
import type { LiveLease } from './live-lease.js'
import { LiveMember, type Keeper } from './live-member.js'
import type { LiveConnection } from './member-connection.js'
import { checkList } from './pool-options.js'
import type { EndpointsEvent, FinishedEvent } from './pooled.js'
import { Place } from './place.js'
import { Places } from './places.js'
import type { Select } from './select.js'
import { START_INTERVAL } from './supervision.js'
import { WarmUp } from './warm-up.js'

/** What a pool is made of. */
export interface Recipe {
  readonly streamTo: (endpoint: unknown) => Observable<TypedEvent>
  readonly endpoints: readonly unknown[] | Observable<readonly unknown[]>
  readonly size: number
  readonly select: Select<unknown>
  readonly leases: Required<LeaseOptions>
  /** Whether somebody asks for a lease, or has one. */
  readonly held: () => boolean
  /** Something has changed that can be counted. */
  readonly changed: () => void
}

/** The members of a pool, from when it is subscribed to until it is over. */
export class Crew implements Keeper, Lot {
  readonly leases: Leases
  lastFailure: unknown
  readonly #recipe: Recipe
  readonly #subscriber: Subscriber<TypedEvent>
  readonly #places: Places
  readonly #warmUp = new WarmUp<LiveMember>(member => {
    member.start()
  })
  /** Those that can be given packets, as long as nothing has changed. */
  #available: LiveConnection[] | undefined
  #lists: Subscription | undefined
  /** No endpoints will come or go any more. */
  #fixed = false
  #closing = false

  constructor(recipe: Recipe, subscriber: Subscriber<TypedEvent>) {
    this.#recipe = recipe
    this.#subscriber = subscriber
    this.leases = new Leases(this, recipe.leases)
    this.#places = new Places({
      size: recipe.size,
      max: recipe.leases.max,
      placeFor: (name, endpoint) =>
        new Place(
          name,
          endpoint,
          defer(() => recipe.streamTo(endpoint) as Observable<AnyEvent>),
        ),
      settle: place => {
        this.#settle(place)
      },
    })
  }

  get members(): LiveMember[] {
    return this.#places.members
  }

  get underWay(): number {
    return this.#places.underWay
  }

  run(): void {
    const { endpoints } = this.#recipe
    this.#subscriber.add(() => {
      this.#places.close()
      this.#warmUp.stop()
      this.leases.end('the pool is over')
      for (const member of this.members) member.unsubscribe()
    })
    this.#lists = (isObservable(endpoints) ? endpoints.pipe(tap(checkList)) : of(endpoints)).subscribe({
      next: list => {
        this.#places.update(list)
      },
      error: (error: unknown) => {
        const failed: EndpointsEvent = { type: 'endpoints', error }
        this.#subscriber.next(failed)
        this.#noMoreEndpoints()
      },
      complete: () => {
        this.#noMoreEndpoints()
      },
    })
    this.#subscriber.add(this.#lists)
  }

  /** Chooses a connection for a packet. */
  pick(packet: unknown): LiveConnection | undefined {
    let available = (this.#available ??= this.#find())
    for (;;) {
      if (available.length === 0) return undefined
      const picked = this.#recipe.select(available, packet) as LiveConnection | undefined
      if (picked === undefined || picked.state === 'open') return picked
      // It is closing, which is not told yet; or none of these.
      const open = available.filter(({ state }) => state === 'open')
      if (open.length === available.length) return undefined
      available = this.#available = open
    }
  }

  /** Lets everybody go: those at once who are not needed, the others when they are not any more, all after `grace`. */
  close(grace: number): void {
    this.#closing = true
    this.#places.close()
    this.#lists?.unsubscribe()
    this.#noMoreEndpoints()
    this.asked()
    const over = after(grace, () => {
      this.#stop(this.members)
      for (const { connection } of this.members) connection?.close('shutdown')
      this.leases.end('the pool was closed')
    })
    this.#subscriber.add(over)
  }

  // ── what members tell ──

  tell(member: LiveMember, event: TypedEvent): void {
    if (event.type === 'close') this.lastFailure = (event as CloseEvent).error ?? this.lastFailure
    if (event.type === 'open') this.#places.of(member)?.works()
    this.#subscriber.next(event)
    if (this.#subscriber.closed || (event.type !== 'open' && event.type !== 'retry')) return
    this.#warmUp.settled(member)
    this.leases.look(member)
    this.leases.serve()
  }

  changed(): void {
    this.#available = undefined
    this.#recipe.changed()
  }

  settled(member: LiveMember): void {
    this.leases.look(member)
    this.changed()
  }

  over(member: LiveMember, again: boolean, failure?: Failure): void {
    if (this.#subscriber.closed) return
    this.#warmUp.delete(member)
    this.leases.forget(member)
    if (failure !== undefined) this.lastFailure = failure.error
    if (again) {
      this.#startAgain(member)
      return
    }
    const fault = member.opened || member.stopped ? undefined : this.#rest(member)
    if (fault !== undefined) this.lastFailure = fault.error
    this.#places.dismiss(member)
    const finished: FinishedEvent<unknown, unknown> = { type: 'finished', member, ...failure, ...fault }
    this.#subscriber.next(finished)
    this.leases.serve()
    this.changed()
    this.#completeWhenOver()
  }

  start(member: LiveMember): void {
    member.state = 'waiting'
    const left = Math.min(START_INTERVAL, member.startedAt + START_INTERVAL - now())
    if (left <= 0) {
      this.#warmUp.add(member)
      return
    }
    const due = timer(left).subscribe(() => {
      if (member.state === 'waiting' && !member.runs) this.#warmUp.add(member)
    })
    this.#subscriber.add(due)
  }

  // ── what leases ask ──

  grow(): boolean {
    const place = this.#places.roomiest
    if (place === undefined) return false
    const revived = [...place.members.values()].find(({ state, stopped }) => state === 'finished' && !stopped)
    if (revived === undefined) this.#settle(place)
    else {
      revived.state = 'waiting'
      this.#warmUp.add(revived)
    }
    return true
  }

  asked(): void {
    this.changed()
    if (this.#closing && this.leases.pending === 0) this.#stop(this.members.filter(({ stays }) => stays))
    this.#completeWhenOver()
  }

  hasSurplus(member: LiveMember): boolean {
    return this.#closing || this.#places.hasSurplus(member)
  }

  leaked(lease: LiveLease): void {
    const { member, place } = lease
    if (member?.connection === undefined || place === undefined) return
    const { leakAfter: after } = this.#recipe.leases
    const leak: LeakEvent<unknown, unknown> = { type: 'leak', connection: member.connection, after, place }
    this.#subscriber.next(leak)
  }

  // ── members ──

  #settle(place: Place): void {
    const member = new LiveMember(place.freeId(), place.endpoint, place.stream, this)
    place.members.set(member.id, member)
    this.#warmUp.add(member)
  }

  /** Those first that are not running yet: their turn would come as the others go. */
  #stop(members: readonly LiveMember[]): void {
    for (const member of members) if (!member.runs) member.stop()
    for (const member of members) if (member.runs) member.stop()
  }

  /** We have ended it, so that it may be started at once, unless it has not even been open. */
  #startAgain(member: LiveMember): void {
    if (!member.opened) {
      this.start(member)
      return
    }
    member.state = 'waiting'
    this.#warmUp.add(member)
  }

  /**
   * An endpoint at which not even the dial went well is left alone for a while, and then looked at for those who wait.
   * Where it can't be drawn for how long, that is a failure too, and it is as long as it may be.
   */
  #rest(member: LiveMember): Failure | undefined {
    const place = this.#places.of(member)
    if (place === undefined || place.rests) return undefined
    let drawn = 1
    let fault: Failure | undefined
    try {
      drawn = chance('pool', this.#recipe.leases.random)
    } catch (error) {
      fault = { error }
    }
    const rest = place.fails(drawn, () => {
      this.leases.serve()
    })
    this.#subscriber.add(rest)
    return fault
  }

  #noMoreEndpoints(): void {
    this.#fixed = true
    this.#completeWhenOver()
  }

  #completeWhenOver(): void {
    if (!this.#fixed || (this.#recipe.held() && !this.#closing)) return
    if (this.#places.finished) this.#subscriber.complete()
  }

  #find(): LiveConnection[] {
    return this.members.flatMap(({ available, connection }) => (available && connection ? [connection] : []))
  }
}
