import type { Observable, Subscription } from 'rxjs'
import { SluiceError } from '../connection/errors.js'
import type { TypedEvent } from '../connection/event.js'
import { Inbox, MOST_WAITING } from './inbox.js'

const done = { done: true, value: undefined } as const

/** One loop over a stream. Promises are right here, and nowhere below: an asynchronous loop is made of them. */
export class Iteration<E extends TypedEvent> implements AsyncIterator<E, undefined> {
  readonly #stream: Observable<E>
  readonly #inbox: Inbox<E>
  #subscription: Subscription | undefined
  #over = false
  #failure: { readonly error: unknown } | undefined
  /** Those who wait for an event, or for the end. */
  #waiting: (() => void)[] = []

  constructor(stream: Observable<E>, prefetch: number) {
    this.#stream = stream
    this.#inbox = new Inbox(prefetch)
  }

  async next(): Promise<IteratorResult<E, undefined>> {
    if (!this.#over) this.#subscription ??= this.#subscribe()
    for (;;) {
      const event = this.#inbox.take()
      if (event !== undefined) return { done: false, value: event }
      if (this.#over) return this.#result()
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this.#failure = undefined
    this.#end()
    this.#inbox.clear()
    return Promise.resolve(done)
  }

  #subscribe(): Subscription {
    const subscription = this.#stream.subscribe({
      next: event => {
        if (this.#inbox.put(event)) this.#wake()
        else this.#fail(tooMany())
      },
      error: (error: unknown) => {
        this.#fail(error)
      },
      complete: () => {
        this.#end()
      },
    })
    if (this.#over) subscription.unsubscribe()
    return subscription
  }

  #fail(error: unknown): void {
    if (!this.#over) this.#failure = { error }
    this.#end()
  }

  #end(): void {
    this.#over = true
    this.#subscription?.unsubscribe()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const goOn of waiting) goOn()
  }

  /** A failure is told once, and then nothing more. */
  #result(): IteratorResult<E, undefined> {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
    return done
  }
}

function tooMany(): SluiceError {
  return new SluiceError('ERR_READ_OVERFLOW', `more than ${MOST_WAITING} events wait for a loop that takes none`)
}
