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
  readonly #refuse = (thrown: unknown): void => {
    this.#request.peer.fail(handlerError('the handler of respond', thrown))
  }

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
    // What is in the middle of its next step can't be left there, but behind it.
    if (this.#finished || (this.#asking && !this.#promises)) return
    this.#finished = true
    try {
      const returned: unknown = this.#iterator.return?.()
      if (this.#promises) Promise.resolve(returned).catch(this.#refuse)
    } catch (thrown) {
      this.#refuse(thrown)
    }
  }

  /** Promises are right here: that is what an async iterable is made of. */
  #ask(): void {
    this.#asking = true
    try {
      const step = this.#iterator.next()
      if (this.#promises) this.#await(step)
      else this.#take(step as Step)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #await(step: Step | Promise<Step>): void {
    Promise.resolve(step)
      .then(answer => {
        this.#take(answer)
        this.goOn()
      })
      .catch((thrown: unknown) => {
        this.#fail(thrown)
      })
  }

  #take(step: Step): void {
    const done = step.done === true
    this.#asking = false
    this.#finished ||= done
    if (this.#subscriber.closed) this.stop()
    else if (done) this.#subscriber.complete()
    else this.#subscriber.next(step.value)
  }

  #fail(thrown: unknown): void {
    this.#finished = true
    this.#subscriber.error(thrown)
  }
}
