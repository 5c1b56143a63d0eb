import type { Observable, Subscriber, Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, ConnectionOf, SentOf, TypedEvent } from '../connection/event.js'
import { inTurn, type Sharer } from '../connection/in-turn.js'
import { Outlet } from '../connection/outlet.js'
import { Audience } from '../connection/audience.js'
import { Roster } from './roster.js'

/** One life of a group: from its first subscriber to its last, or to the end of the stream. */
export class Sharing<E extends TypedEvent> implements Sharer {
  readonly roster: Roster<ConnectionOf<E> & Connection<SentOf<E>>, SentOf<E>>
  readonly #audience = new Audience<E>()
  readonly #outlet = new Outlet(this.#audience)
  readonly #over: () => void
  #source: Subscription | undefined
  #keepers = 0

  constructor(receives: (connection: ConnectionOf<E>) => boolean, over: () => void) {
    this.roster = new Roster(receives)
    this.#over = over
  }

  start(source: Observable<E>): void {
    this.#source = source.subscribe({
      next: event => {
        inTurn(this.#outlet, event as TypedEvent as AnyEvent, this)
      },
      error: (error: unknown) => {
        this.#over()
        this.#outlet.error(error)
      },
      complete: () => {
        this.#over()
        this.#outlet.complete()
      },
    })
    this.#leaveWhenAlone()
  }

  join(subscriber: Subscriber<E>): void {
    this.#audience.add(subscriber)
    subscriber.add(() => {
      this.#audience.delete(subscriber)
      this.#leaveWhenAlone()
    })
  }

  /** Goes on as if one more were subscribed, until he lets go. */
  keep(): void {
    this.#keepers += 1
  }

  letGo(): void {
    this.#keepers -= 1
    this.#leaveWhenAlone()
  }

  /** The list is kept before anybody is told. */
  pass(event: AnyEvent): void {
    if (event.type === 'open') this.roster.add(event.connection as never)
    else if (event.type === 'close') this.roster.delete(event.connection)
    else if (event.type === 'drain') this.roster.drained(event.connection)
    this.#audience.next(event as TypedEvent as E)
  }

  /** Does what may cause events: they are told when it is done. */
  hold<T>(task: () => T): T {
    const held: { answer?: T; thrown?: { readonly error: unknown } } = {}
    this.#outlet.hold(() => {
      try {
        held.answer = task()
      } catch (error) {
        held.thrown = { error }
      }
    })
    if (held.thrown !== undefined) throw held.thrown.error
    return held.answer as T
  }

  #leaveWhenAlone(): void {
    if (this.#keepers > 0 || !this.#audience.closed) return
    this.#over()
    this.#source?.unsubscribe()
  }
}
