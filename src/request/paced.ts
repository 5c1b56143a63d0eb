import { Observable, type Subscriber } from 'rxjs'
import { handlerError } from '../connection/errors.js'
import type { Request } from './request.js'

/** The answers from an iterable, sync or async: one is asked for when there is room for it. */
export function paced(answers: Iterable<unknown> | AsyncIterable<unknown>, request: Request): Observable<unknown> {
  return new Observable(subscriber => {
    const pull = new Pull(answers, request, subscriber)
    subscriber.add(() => {
      pull.stop()
    })
    pull.goOn()
  })
}

type Step = IteratorResult<unknown, unknown>

class Pull {
  readonly #request: Request
  readonly #subscriber: Subscriber<unknown>
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>
  readonly #promises: boolean
  #asking = false
  #finished = false

  constructor(answers: Iterable<unknown> | AsyncIterable<unknown>, request: Request, subscriber: Subscriber<unknown>) {
    this.#request = request
    this.#subscriber = subscriber
    this.#promises = Symbol.asyncIterator in answers
    this.#iterator = Symbol.asyncIterator in answers ? answers[Symbol.asyncIterator]() : answers[Symbol.iterator]()
  }

  goOn(): void {
    const { peer } = this.#request
    while (!this.#subscriber.closed && !this.#asking) {
      if (!peer.isReadyFor(this.#request)) {
        peer.whenReady(() => {
          this.goOn()
        })
        return
      }
      this.#ask()
    }
  }

  stop(): void {
    if (this.#finished) return
    const returned: unknown = this.#iterator.return?.()
    if (!this.#promises) return
    Promise.resolve(returned).catch((thrown: unknown) => {
      this.#request.peer.fail(handlerError('the handler of respond', thrown))
    })
  }

  /** Promises are right here: that is what an async iterable is made of. */
  #ask(): void {
    this.#asking = true
    const step = this.#iterator.next()
    if (!this.#promises) {
      this.#take(step as Step)
      return
    }
    Promise.resolve(step).then(
      answer => {
        this.#take(answer)
        this.goOn()
      },
      (thrown: unknown) => {
        this.#finished = true
        this.#subscriber.error(thrown)
      },
    )
  }

  #take(step: Step): void {
    this.#asking = false
    this.#finished = step.done === true
    if (this.#finished) this.#subscriber.complete()
    else this.#subscriber.next(step.value)
  }
}
