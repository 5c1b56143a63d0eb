import type { Subscriber } from 'rxjs'
import type { Told } from './outlet.js'

/** The subscribers to what is shared. Each hears the events from when it joined, all in the same order. */
export class Audience<E> implements Told<E> {
  /** Never changed, only replaced, so that who joins or leaves while something is told disturbs nobody. */
  #subscribers: readonly Subscriber<E>[] = []

  get closed(): boolean {
    return this.#subscribers.length === 0
  }

  add(subscriber: Subscriber<E>): void {
    this.#subscribers = [...this.#subscribers, subscriber]
  }

  delete(subscriber: Subscriber<E>): void {
    this.#subscribers = this.#subscribers.filter(other => other !== subscriber)
  }

  next(event: E): void {
    for (const subscriber of this.#subscribers) subscriber.next(event)
  }

  error(error: unknown): void {
    for (const subscriber of this.#subscribers) subscriber.error(error)
  }

  complete(): void {
    for (const subscriber of this.#subscribers) subscriber.complete()
  }
}
