import type { Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'

/** What a peer waits for. */
export interface Expected {
  readonly id: number
  earlier: Expected | undefined
  later: Expected | undefined
  cancel(): void
}

/** Who asks, on one connection. It is not read from while the answers that it has not read fill the connection. */
export class Peer {
  readonly connection: Connection<unknown>
  readonly #ordered: boolean
  /** The oldest and the newest of those that wait for their handler or are being handled. */
  #first: Expected | undefined
  #last: Expected | undefined
  #hold: Subscription | undefined
  #drains = 0
  #waiting: (() => void)[] = []

  constructor(connection: Connection<unknown>, ordered: boolean) {
    this.connection = connection
    this.#ordered = ordered
  }

  expect(request: Expected): void {
    request.earlier = this.#last
    if (this.#last === undefined) this.#first = request
    else this.#last.later = request
    this.#last = request
  }

  done(request: Expected): void {
    const { earlier, later } = request
    if (earlier === undefined) this.#first = later
    else earlier.later = later
    if (later === undefined) this.#last = earlier
    else later.earlier = earlier
    // One that is old when it is over would take all that follow it along, until the next great collection of garbage.
    request.earlier = request.later = undefined
    this.#goOn()
  }

  cancel(id: number): void {
    for (const request of this.#requests()) if (request.id === id) request.cancel()
  }

  send(packet: unknown): void {
    const drains = this.#drains
    const more = this.connection.send(packet)
    // There may be room again before we hear that there was none left.
    if (!more && drains === this.#drains && this.connection.state === 'open') this.#hold ??= this.connection.pause()
  }

  drained(): void {
    this.#drains += 1
    this.#release()
    this.#goOn()
  }

  gone(): void {
    this.#waiting = []
    // The latest first, so that none is begun in the place of one before.
    for (const request of this.#requests().reverse()) request.cancel()
    this.#release()
  }

  fail(error: Error): void {
    this.connection.destroy(error)
  }

  /** Whether there is room for an answer to this request, and it is its turn. */
  isReadyFor(request: Expected): boolean {
    const isNext = !this.#ordered || this.#first === undefined || this.#first === request
    return isNext && this.connection.state === 'open' && this.#hold === undefined
  }

  /** Calls when that may have changed. */
  whenReady(callback: () => void): void {
    this.#waiting.push(callback)
  }

  /** All of them: what is done with one may be the end of others. */
  #requests(): Expected[] {
    const all: Expected[] = []
    for (let request = this.#first; request !== undefined; request = request.later) all.push(request)
    return all
  }

  #goOn(): void {
    if (this.#waiting.length > 0) for (const callback of this.#waiting.splice(0)) callback()
  }

  #release(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.unsubscribe()
  }
}
