import { Subscription, type Observer, type SubscriptionLike, type TeardownLogic } from 'rxjs'

/**
 * The one way into an operator, where every packet counts: it has the form of a subscriber, which RxJS calls as it is.
 *
 * An observer would be called through the same few functions of RxJS through which it calls its own subscriber in turn, and V8 inlines
 * nothing that is being run already: that were a tenth to a fifth of the time for a small packet.
 */
export abstract class Inlet<E> implements Observer<E>, SubscriptionLike {
  readonly #source = new Subscription()
  #stopped = false

  protected abstract take(event: E): void

  protected abstract failed(error: unknown): void

  /** The source has nothing more to tell. */
  protected abstract ended(): void

  // ── what the source calls ──

  next(event: E): void {
    if (!this.#stopped && !this.#source.closed) this.take(event)
  }

  error(error: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.failed(error)
  }

  complete(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.ended()
  }

  get closed(): boolean {
    return this.#source.closed
  }

  add(teardown: TeardownLogic): void {
    this.#source.add(teardown)
  }

  remove(teardown: Exclude<TeardownLogic, void>): void {
    this.#source.remove(teardown)
  }

  unsubscribe(): void {
    this.#source.unsubscribe()
  }
}
