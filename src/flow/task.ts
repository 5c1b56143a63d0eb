import type { Observer, Unsubscribable } from 'rxjs'
import { handlerError, SluiceError } from '../connection/errors.js'

/**
 * How many results of a packet may wait for its turn. An answer can't be slowed, so that there has to be a bound: as
 * many as may wait in `sendAll`.
 */
const MOST_RESULTS = 1_024

/** Where tasks are done, one behind the other or several at once. */
export interface Workplace {
  /** Has a task told what comes of a packet. */
  answer(packet: unknown, task: Task): Unsubscribable
  /** Whether what comes of this task may be told as it comes. */
  isNext(task: Task): boolean
  tell(result: unknown): void
  /** Law 8: the connection is destroyed; what waits is dropped, and its other tasks are. */
  fail(error: Error): void
  finished(task: Task): void
}

/** The handling of one packet. What comes of it before its turn waits here. */
export class Task implements Observer<unknown> {
  done = false
  readonly #workplace: Workplace
  readonly #packet: unknown
  #results: unknown[] | undefined
  #subscription: Unsubscribable | undefined
  #cancelled = false

  constructor(workplace: Workplace, packet: unknown) {
    this.#workplace = workplace
    this.#packet = packet
  }

  run(): void {
    try {
      this.#subscription = this.#workplace.answer(this.#packet, this)
    } catch (thrown) {
      this.error(thrown)
    }
    if (this.#cancelled) this.#subscription?.unsubscribe()
  }

  next(result: unknown): void {
    if (this.#cancelled) return
    if (this.#workplace.isNext(this)) this.#workplace.tell(result)
    else this.#keep(result)
  }

  error(thrown: unknown): void {
    if (!this.#cancelled) this.#workplace.fail(handlerError('the project of consume', thrown))
  }

  complete(): void {
    if (this.#cancelled) return
    this.done = true
    this.#workplace.finished(this)
  }

  /** Its turn has come. */
  catchUp(): void {
    const results = this.#results
    this.#results = undefined
    for (const result of results ?? []) this.next(result)
  }

  cancel(): void {
    this.#cancelled = true
    this.#subscription?.unsubscribe()
  }

  #keep(result: unknown): void {
    this.#results ??= []
    if (this.#results.length < MOST_RESULTS) this.#results.push(result)
    else this.#workplace.fail(overflow())
  }
}

function overflow(): SluiceError {
  return new SluiceError(
    'ERR_RESULT_OVERFLOW',
    `a packet gave more than ${MOST_RESULTS} results in consume while one before it was still handled`,
  )
}
