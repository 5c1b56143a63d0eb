import { Observable, Subject, type Subscriber, type Subscription } from 'rxjs'
import type { TypedEvent } from '../connection/event.js'
import type { Lease } from './lease.js'
import type { LiveMember } from './live-member.js'
import type { LiveConnection } from './member-connection.js'

/** Where what is leased comes back to. */
export interface Lender {
  /** @param clean whether whoever had it has said that it is as good as new */
  returned(lease: LiveLease, clean: boolean): void
}

/**
 * Somebody who wants a connection, from when he asks until he has done with it. It is decided once what comes of him:
 * he `waits`, then `has` a member or not, then it is `over`.
 */
export class LiveLease implements Lease<TypedEvent, unknown> {
  state: 'waits' | 'has' | 'over' = 'waits'
  /** When he began to wait, if he had to. */
  since = 0
  /** Where he asked, if that is to be told. */
  readonly place: Error | undefined
  readonly #subscriber: Subscriber<LiveLease>
  readonly #lender: Lender
  #member: LiveMember | undefined
  #connection: LiveConnection | undefined
  #heard: Subject<TypedEvent> | undefined
  /** Keeps what arrives from being lost while nobody listens. */
  #hold: Subscription | undefined

  constructor(subscriber: Subscriber<LiveLease>, lender: Lender, place: Error | undefined) {
    this.#subscriber = subscriber
    this.#lender = lender
    this.place = place
  }

  get member(): LiveMember | undefined {
    return this.#member
  }

  get connection(): never {
    return this.#connection as never
  }

  get events(): Observable<never> {
    return new Observable<TypedEvent>(subscriber => {
      if (this.state !== 'has') {
        subscriber.complete()
        return
      }
      const heard = (this.#heard ??= new Subject())
      heard.subscribe(subscriber)
      subscriber.add(() => {
        this.#listen()
      })
      this.#listen()
    }) as Observable<never>
  }

  release(): void {
    if (this.state !== 'has') return
    this.#end(true)
    this.#subscriber.complete()
  }

  /** He has left: without a word, unless it was over. */
  leave(): void {
    if (this.state !== 'over') this.#end(false)
  }

  grant(member: LiveMember, connection: LiveConnection): void {
    this.state = 'has'
    this.#member = member
    this.#connection = connection
    member.lessee = this
    this.#subscriber.next(this)
    this.#listen()
  }

  hear(event: TypedEvent): void {
    this.#heard?.next(event)
    if (event.type === 'close') this.lost()
  }

  fail(error: Error): void {
    this.state = 'over'
    this.#subscriber.error(error)
  }

  /** The connection is gone, or the pool is. */
  lost(): void {
    if (this.state !== 'has') return
    this.#end(false)
    this.#subscriber.complete()
  }

  #end(clean: boolean): void {
    const heard = this.#heard
    const hold = this.#hold
    this.state = 'over'
    this.#hold = undefined
    this.#lender.returned(this, clean)
    heard?.complete()
    hold?.unsubscribe()
  }

  #listen(): void {
    if (this.state !== 'has') return
    if (this.#heard?.observed !== true) this.#hold ??= this.#connection?.pause()
    else {
      const hold = this.#hold
      this.#hold = undefined
      hold?.unsubscribe()
    }
  }
}
