import { Observable, Subject, from, type ObservableInput, type Observer, type Subscription } from 'rxjs'
import type { Connection } from './connection.js'
import { unfinishedOn } from './unfinished.js'

/** One connection's packets on their way into its project. */
export class Inflow<In> {
  readonly #connection: Connection<never>
  readonly #packets = new Subject<In>()
  #hold: Subscription | undefined
  #results: Subscription | undefined
  #whenDone: (() => void) | undefined
  #done = false
  #heard = false

  constructor(connection: Connection<never>) {
    this.#connection = connection
    this.#hold = connection.pause()
  }

  run<R>(project: (packets: Observable<In>) => ObservableInput<R>, observer: Observer<R>): void {
    const packets = new Observable<In>(subscriber => {
      this.#packets.subscribe(subscriber)
      subscriber.add(() => {
        if (!this.#packets.observed && !this.#done) this.#hold ??= this.#connection.pause()
      })
      this.#release()
    })
    let results: Observable<R>
    try {
      results = from(project(packets))
    } catch (thrown) {
      this.#finish()
      observer.error(thrown)
      return
    }
    this.#results = results.subscribe({
      next(result) {
        observer.next(result)
      },
      error: (thrown: unknown) => {
        this.#finish()
        observer.error(thrown)
      },
      complete: () => {
        this.#finish()
        observer.complete()
      },
    })
    if (this.#done) this.#results.unsubscribe()
  }

  next(packet: In): void {
    if (!this.#heard) unfinishedOn(this.#connection).taken = this.#heard = true
    this.#packets.next(packet)
  }

  /** No more packets. What the results still have to say comes first: the connection is held for them. */
  end(told: () => void): void {
    this.#packets.complete()
    if (this.#done) told()
    else {
      this.#hold ??= this.#connection.pause()
      this.#whenDone = told
    }
  }

  cancel(): void {
    this.#done = true
    this.#results?.unsubscribe() // First, as a close is no end: it must not be taken for one.
    this.#packets.complete()
    this.#release()
  }

  #finish(): void {
    this.#done = true
    this.#whenDone?.()
    this.#release()
  }

  #release(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.unsubscribe()
  }
}
