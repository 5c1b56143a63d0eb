import type { Observer, Unsubscribable } from 'rxjs'

/** Who waits by a promise: for one answer, after which there is nothing more to be asked. */
export class FirstAnswer implements Observer<unknown> {
  readonly #resolve: (answer: unknown) => void
  readonly #reject: (error: unknown) => void
  #ask: Unsubscribable | undefined
  #answered = false

  constructor(resolve: (answer: unknown) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  /** It may be answered already. */
  to(ask: Unsubscribable): void {
    this.#ask = ask
    if (this.#answered) ask.unsubscribe()
  }

  next(answer: unknown): void {
    this.#resolve(answer)
    this.#answered = true
    this.#ask?.unsubscribe()
  }

  error(error: unknown): void {
    this.#reject(error)
  }

  complete(): void {
    // The answer was all.
  }
}
