import { defer, isObservable, of, timer, type Observable, type Subscriber, type Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import type { AnyEvent, CloseEvent, TypedEvent } from '../connection/event.js'
import type { Failure } from './alive.js'
import { nameOf } from './endpoints.js'
import type { LeakEvent } from './lease.js'
import { Leases, type Lot } from './leases.js'
import type { LeaseOptions } from './lease-options.js'
import type { LiveLease } from './live-lease.js'
import { LiveMember, type Keeper } from './live-member.js'
import type { LiveConnection } from './member-connection.js'
import type { EndpointsEvent, FinishedEvent } from './member.js'
import { Place } from './place.js'
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
  readonly #places = new Map<string, Place>()
  readonly #warmUp = new WarmUp<LiveMember>(member => {
    member.start()
  })
  /** Those that can be given packets, as long as nothing has changed. */
  #available: LiveConnection[] | undefined
  #lists: Subscription | undefined
  /** No endpoints will come or go any more. */
  #settled = false
  #closing = false
  /** Ends the wait for an endpoint that has failed. */
  #retry: Subscription | undefined

  constructor(recipe: Recipe, subscriber: Subscriber<TypedEvent>) {
    this.#recipe = recipe
    this.#subscriber = subscriber
    this.leases = new Leases(this, recipe.leases)
  }

  get members(): LiveMember[] {
    return [...this.#places.values()].flatMap(({ members }) => [...members.values()])
  }

  get underWay(): number {
    let count = 0
    for (const { members } of this.#places.values())
      for (const member of members.values()) if (member.underWay) count += 1
    return count
  }

  run(): void {
    const { endpoints } = this.#recipe
    this.#subscriber.add(() => {
      this.leases.end('the pool is over')
      for (const member of this.members) member.unsubscribe()
    })
    this.#lists = (isObservable(endpoints) ? endpoints : of(endpoints)).subscribe({
      next: list => {
        this.#update(list)
      },
      error: (error: unknown) => {
        const failed: EndpointsEvent = { type: 'endpoints', error }
        this.#subscriber.next(failed)
        this.#settle()
      },
      complete: () => {
        this.#settle()
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
      // It is closing, which is not told yet.
      available = this.#available = available.filter(({ state }) => state === 'open')
    }
  }

  /** Lets everybody go: those at once who are not needed, the others when they are not any more, all after `grace`. */
  close(grace: number): void {
    this.#closing = true
    this.#lists?.unsubscribe()
    this.#settle()
    this.asked()
    const over = timer(grace).subscribe(() => {
      for (const member of this.members) {
        member.stop()
        member.connection?.close('shutdown')
      }
      this.leases.end('the pool was closed')
    })
    this.#subscriber.add(over)
  }

  // ── what members tell ──

  tell(member: LiveMember, event: TypedEvent): void {
    if (event.type === 'close') this.lastFailure = (event as CloseEvent).error ?? this.lastFailure
    if (event.type === 'open') this.#placeOf(member)?.works()
    this.#subscriber.next(event)
    if (event.type !== 'open' && event.type !== 'retry') return
    this.#warmUp.settled(member)
    this.leases.look(member)
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
    const place = this.#placeOf(member)
    if (place !== undefined && !member.opened && !member.stopped) place.fails(this.#recipe.leases.random)
    if (place !== undefined) this.#dismiss(member, place)
    const finished: FinishedEvent<unknown, unknown> = { type: 'finished', member, ...failure }
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
    const place = this.#roomiest()
    if (place === undefined) return false
    const revived = [...place.members.values()].find(({ state, stopped }) => state === 'finished' && !stopped)
    if (revived === undefined) this.#add(place)
    else {
      revived.state = 'waiting'
      this.#warmUp.add(revived)
    }
    return true
  }

  /** The place with the fewest members of those that may have one more; if there will be one only later, it is then looked for again. */
  #roomiest(): Place | undefined {
    const time = now()
    let best: Place | undefined
    let later = Infinity
    for (const place of this.#places.values()) {
      if (!place.wanted || place.alive >= this.#recipe.leases.max || place.probes) continue
      if (place.notBefore > time) later = Math.min(later, place.notBefore)
      else if (best === undefined || place.alive < best.alive) best = place
    }
    if (best === undefined) this.#retryLater(later)
    return best
  }

  asked(): void {
    this.changed()
    if (this.#closing && this.leases.pending === 0) for (const member of this.members) if (member.stays) member.stop()
    this.#completeWhenOver()
  }

  hasSurplus(member: LiveMember): boolean {
    return this.#closing || (this.#placeOf(member)?.size ?? 0) > this.#recipe.size
  }

  leaked(lease: LiveLease): void {
    const { member, place } = lease
    if (member?.connection === undefined || place === undefined) return
    const { leakAfter: after } = this.#recipe.leases
    const leak: LeakEvent<unknown, unknown> = { type: 'leak', connection: member.connection, after, place }
    this.#subscriber.next(leak)
  }

  // ── endpoints ──

  #update(list: readonly unknown[]): void {
    const wanted = new Map(list.map(endpoint => [nameOf(endpoint), endpoint]))
    for (const place of this.#places.values()) {
      if (wanted.has(place.name) || !place.wanted) continue
      place.wanted = false
      for (const member of place.members.values()) {
        if (member.state === 'finished') this.#dismiss(member, place)
        else member.leave('finish')
      }
    }
    for (const [name, endpoint] of wanted) this.#want(name, endpoint)
  }

  #want(name: string, endpoint: unknown): void {
    const place = this.#places.get(name) ?? this.#placeFor(name, endpoint)
    this.#places.set(name, place)
    if (!place.wanted) {
      place.wanted = true
      for (const member of place.members.values()) member.leave('again')
    }
    while (place.members.size < this.#recipe.size) this.#add(place)
  }

  #placeFor(name: string, endpoint: unknown): Place {
    return new Place(
      name,
      endpoint,
      defer(() => this.#recipe.streamTo(endpoint) as Observable<AnyEvent>),
    )
  }

  #add(place: Place): void {
    const member = new LiveMember(place.freeId(), place.endpoint, place.stream, this)
    place.members.set(member.id, member)
    this.#warmUp.add(member)
  }

  /** Forgets a member that is finished, unless it is one of those that may be started again. */
  #dismiss(member: LiveMember, place: Place): void {
    if (!place.wanted || place.members.size > this.#recipe.size) place.delete(member)
    if (place.members.size === 0) this.#places.delete(place.name)
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

  #retryLater(at: number): void {
    this.#retry?.unsubscribe()
    if (at === Infinity) return
    this.#retry = timer(Math.max(0, at - now())).subscribe(() => {
      this.leases.serve()
    })
    this.#subscriber.add(this.#retry)
  }

  #settle(): void {
    this.#settled = true
    this.#completeWhenOver()
  }

  #completeWhenOver(): void {
    if (!this.#settled || (this.#recipe.held() && !this.#closing)) return
    for (const { members } of this.#places.values()) {
      for (const { state } of members.values()) if (state !== 'finished') return
    }
    this.#subscriber.complete()
  }

  #placeOf({ endpoint }: LiveMember): Place | undefined {
    return this.#places.get(nameOf(endpoint))
  }

  #find(): LiveConnection[] {
    return this.members.flatMap(({ available, connection }) => (available && connection ? [connection] : []))
  }
}
