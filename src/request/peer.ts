import type { Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'

/** What a peer waits for. */
export interface Expected {
  readonly id: number
  cancel(): void
}

/** Who asks, on one connection. It is not read from while the answers that it has not read fill the connection. */
export class Peer {
  readonly connection: Connection<unknown>
  readonly #ordered: boolean
  /** Those that wait for their handler or are being handled, oldest first. */
  readonly #requests = new Set<Expected>()
  #hold: Subscription | undefined
  #drains = 0
  #waiting: (() => void)[] = []

  constructor(connection: Connection<unknown>, ordered: boolean) {
    this.connection = connection
    this.#ordered = ordered
  }

  expect(request: Expected): void {
    this.#requests.add(request)
  }

  done(request: Expected): void {
    this.#requests.delete(request)
    this.#goOn()
  }

  cancel(id: number): void {
    for (const request of this.#requests) if (request.id === id) request.cancel()
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
    for (const request of this.#requests) request.cancel()
    this.#release()
  }

  fail(error: Error): void {
    this.connection.destroy(error)
  }

  /** Whether there is room for an answer to this request, and it is its turn. */
  isReadyFor(request: Expected): boolean {
    const [first] = this.#ordered ? this.#requests : []
    return this.connection.state === 'open' && this.#hold === undefined && (first === undefined || first === request)
  }

  /** Calls when that may have changed. */
  whenReady(callback: () => void): void {
    this.#waiting.push(callback)
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
