import type { Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'

/** Holds a connection while `prefetch` of its packets wait, and lets go when half of them are left. */
export class Brake {
  readonly #connection: Connection<never>
  readonly #prefetch: number
  #hold: Subscription | undefined
  #kept = false

  constructor(connection: Connection<never>, prefetch: number) {
    this.#connection = connection
    this.#prefetch = prefetch
  }

  get holds(): boolean {
    return this.#hold !== undefined
  }

  /** So many wait now. */
  waiting(packets: number): void {
    if (packets >= this.#prefetch) this.#stop()
    else if (packets <= this.#prefetch / 2 && !this.#kept) this.#go()
  }

  /** Holds whatever waits, until `release`. */
  keep(): void {
    this.#kept = true
    this.#stop()
  }

  release(): void {
    this.#kept = false
    this.#go()
  }

  #stop(): void {
    this.#hold ??= this.#connection.pause()
  }

  #go(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.unsubscribe()
  }
}
