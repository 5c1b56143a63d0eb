import { from, type Observable, type Observer, type Subscription } from 'rxjs'
import type { Intake } from './intake.js'

/** The handling of one packet. What comes of it before its turn waits here. */
export class Task implements Observer<unknown> {
  done = false
  readonly #intake: Intake
  readonly #packet: unknown
  #results: unknown[] | undefined
  #subscription: Subscription | undefined
  #cancelled = false

  constructor(intake: Intake, packet: unknown) {
    this.#intake = intake
    this.#packet = packet
  }

  run(): void {
    const { consumption, connection } = this.#intake
    let answer: Observable<unknown>
    try {
      answer = from(consumption.project(this.#packet, connection))
    } catch (thrown) {
      this.error(thrown)
      return
    }
    this.#subscription = answer.subscribe(this)
    if (this.#cancelled) this.#subscription.unsubscribe()
  }

  next(result: unknown): void {
    if (this.#cancelled) return
    const { connection, consumption } = this.#intake
    if (!this.#intake.isNext(this)) (this.#results ??= []).push(result)
    else consumption.outlet.tell({ type: 'packet', connection, packet: result })
  }

  error(thrown: unknown): void {
    if (!this.#cancelled) this.#intake.fail(thrown)
  }

  complete(): void {
    if (this.#cancelled) return
    this.done = true
    this.#intake.finished()
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
}
