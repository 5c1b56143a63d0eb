import { defer, isObservable, of, timer, type Observable, type Subscriber } from 'rxjs'
import { now } from '../connection/clock.js'
import type { AnyEvent, TypedEvent } from '../connection/event.js'
import { nameOf } from './endpoints.js'
import { LiveMember, type Keeper } from './live-member.js'
import type { EndpointsEvent, FinishedEvent } from './member.js'
import type { LiveConnection } from './member-connection.js'
import type { Select } from './select.js'
import { START_INTERVAL } from './supervision.js'
import { WarmUp } from './warm-up.js'

/** Which streams a pool is made of. */
export interface Recipe {
  readonly streamTo: (endpoint: unknown) => Observable<TypedEvent>
  readonly endpoints: readonly unknown[] | Observable<readonly unknown[]>
  readonly size: number
  readonly select: Select<unknown>
}

/** The members at one endpoint. */
interface Place {
  readonly endpoint: unknown
  readonly name: string
  readonly members: Set<LiveMember>
  wanted: boolean
}

/** The members of a pool, from when it is subscribed to until it is over. */
export class Crew implements Keeper {
  readonly #recipe: Recipe
  readonly #subscriber: Subscriber<TypedEvent>
  readonly #places = new Map<string, Place>()
  readonly #warmUp = new WarmUp<LiveMember>(member => {
    member.start()
  })
  /** Those that can be given packets, as long as nothing has changed. */
  #available: LiveConnection[] | undefined
  /** No endpoints will come or go any more. */
  #settled = false

  constructor(recipe: Recipe, subscriber: Subscriber<TypedEvent>) {
    this.#recipe = recipe
    this.#subscriber = subscriber
  }

  get members(): LiveMember[] {
    return [...this.#places.values()].flatMap(({ members }) => [...members])
  }

  run(): void {
    const { endpoints } = this.#recipe
    const lists = isObservable(endpoints) ? endpoints : of(endpoints)
    this.#subscriber.add(() => {
      for (const member of this.members) member.unsubscribe()
    })
    this.#subscriber.add(
      lists.subscribe({
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
      }),
    )
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

  // ── what members tell ──

  tell(member: LiveMember, event: TypedEvent): void {
    this.#subscriber.next(event)
    if (event.type === 'open' || event.type === 'retry') this.#warmUp.settled(member)
  }

  changed(): void {
    this.#available = undefined
  }

  over(member: LiveMember, again: boolean, error?: { readonly error: unknown }): void {
    this.changed()
    this.#warmUp.delete(member)
    if (again) {
      this.start(member)
      return
    }
    const place = this.#places.get(nameOf(member.endpoint))
    if (place?.wanted === false) {
      place.members.delete(member)
      if (place.members.size === 0) this.#places.delete(place.name)
    }
    const finished: FinishedEvent<unknown, unknown> = { type: 'finished', member, ...error }
    this.#subscriber.next(finished)
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

  // ── endpoints ──

  #update(list: readonly unknown[]): void {
    const wanted = new Map(list.map(endpoint => [nameOf(endpoint), endpoint]))
    for (const place of this.#places.values()) {
      if (wanted.has(place.name) || !place.wanted) continue
      place.wanted = false
      for (const member of place.members) member.stop()
      for (const member of place.members) if (member.state === 'finished') place.members.delete(member)
      if (place.members.size === 0) this.#places.delete(place.name)
    }
    for (const [name, endpoint] of wanted) this.#want(name, endpoint)
  }

  #want(name: string, endpoint: unknown): void {
    const place = this.#places.get(name) ?? { endpoint, name, members: new Set(), wanted: true }
    this.#places.set(name, place)
    if (!place.wanted) {
      place.wanted = true
      for (const member of place.members) member.leave('again')
    }
    const ids = new Set(Array.from(place.members, ({ id }) => id))
    for (let number = 1; place.members.size < this.#recipe.size; number += 1) {
      const id = `${name}#${number}`
      if (ids.has(id)) continue
      const stream = defer(() => this.#recipe.streamTo(endpoint) as Observable<AnyEvent>)
      const member = new LiveMember(id, endpoint, stream, this)
      place.members.add(member)
      this.#warmUp.add(member)
    }
  }

  #settle(): void {
    this.#settled = true
    this.#completeWhenOver()
  }

  #completeWhenOver(): void {
    if (this.#settled && this.members.every(({ state }) => state === 'finished')) this.#subscriber.complete()
  }

  #find(): LiveConnection[] {
    return this.members.flatMap(({ available, connection }) => (available && connection ? [connection] : []))
  }
}
