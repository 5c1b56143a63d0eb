import { asked } from './asked.js'
import { checkDelay, type BackoffPolicy } from './backoff.js'

/** How far one outage has come: the attempts since a connection was last stable, and where the policy stands. */
export class Outage {
  attempt = 0
  readonly #policy: BackoffPolicy
  #delays: Iterator<number> | undefined

  constructor(policy: BackoffPolicy) {
    this.#policy = policy
  }

  /** The delay before the next attempt, or `undefined` where the policy gives up. */
  next(): number | undefined {
    this.attempt += 1
    const delay = asked<IteratorResult<number, unknown>>('the policy of reconnect', () => {
      this.#delays ??= this.#policy[Symbol.iterator]()
      return this.#delays.next()
    })
    if (delay.done === true) return undefined
    checkDelay(delay.value)
    return delay.value
  }

  over(): void {
    this.attempt = 0
    this.#delays = undefined
  }
}
