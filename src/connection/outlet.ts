import type { Subscriber } from 'rxjs'

/** Whom a stream is told. */
export type Told<E> = Pick<Subscriber<E>, 'closed' | 'next' | 'error' | 'complete'>

/**
 * The one way out of a stream (law 11). What is caused inside `next` waits until `next` has returned, so that every
 * subscriber sees the same order; it waits in an array, not in a promise.
 */
export class Outlet<E> {
  readonly #subscriber: Told<E>
  #waiting: (() => void)[] | undefined
  #busy = false

  constructor(subscriber: Told<E>) {
    this.#subscriber = subscriber
  }

  /** Whether something is being told: then a task has to wait its turn through `later`. */
  get busy(): boolean {
    return this.#busy
  }

  get closed(): boolean {
    return this.#subscriber.closed
  }

  enter(): void {
    this.#busy = true
  }

  leave(): void {
    this.#busy = false
    if (this.#waiting !== undefined) this.#catchUp()
  }

  later(task: () => void): void {
    ;(this.#waiting ??= []).push(task)
  }

  run(task: () => void): void {
    if (this.#busy) {
      this.later(task)
      return
    }
    this.enter()
    task()
    this.leave()
  }

  /** Runs a task at once; what it tells waits until it has run. */
  hold(task: () => void): void {
    if (this.#busy) task()
    else this.run(task)
  }

  /** Tells an event, now or in its turn. */
  tell(event: E): void {
    if (this.#busy) {
      this.later(() => {
        this.next(event)
      })
      return
    }
    this.enter()
    this.next(event)
    this.leave()
  }

  /** Only between `enter` and `leave`. */
  next(event: E): void {
    this.#subscriber.next(event)
  }

  complete(): void {
    this.run(() => {
      this.#subscriber.complete()
    })
  }

  error(error: unknown): void {
    this.run(() => {
      this.#subscriber.error(error)
    })
  }

  #catchUp(): void {
    this.#busy = true
    for (let tasks = this.#waiting; tasks !== undefined; tasks = this.#waiting) {
      this.#waiting = undefined
      for (const task of tasks) task()
    }
    this.#busy = false
  }
}
