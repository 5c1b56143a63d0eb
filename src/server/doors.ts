import { Subscription, timer } from 'rxjs'
import { closingOf } from '../connection/closing.js'
import type { Endpoint } from '../connection/connection.js'
import type { Listener } from '../connection/listener.js'

/** How long it is until a port that could not be bound again is tried anew, in milliseconds. */
const RETRY = 1_000

/** Why no one is let in for now. */
export type Shut = 'full' | 'asleep'

/** The ports of a server: shut while there is a reason for it, each of those that it has shut itself opened again after. */
export class Doors {
  readonly #frees: boolean
  readonly #changed: () => void
  readonly #closings = new Subscription()
  #retrying: Subscription | undefined
  #listeners: Listener[] = []
  readonly #reasons = new Set<Shut>()
  readonly #shut = new Set<Listener>()
  #closed = false
  /** What was counted at listeners whose place another has taken. */
  #refused = 0
  #failures = 0
  #shed = 0

  /**
   * @param frees whether the ports are free while the server is full
   * @param changed what is called when one of them has closed
   */
  constructor(frees: boolean, changed: () => void) {
    this.#frees = frees
    this.#changed = changed
  }

  /** Those that are bound. */
  get listeners(): readonly Listener[] {
    return this.#listeners.filter(({ closed }) => !closed)
  }

  get asleep(): boolean {
    return this.#reasons.has('asleep')
  }

  /** How many were turned away before they were opened. */
  get refused(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.refused, this.#refused)
  }

  /** And how many because there were hardly any files left. */
  get shed(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.shed, this.#shed)
  }

  get failures(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.failures, this.#failures)
  }

  get lastFailure(): Error | undefined {
    return this.#listeners.find(({ lastFailure }) => lastFailure !== undefined)?.lastFailure
  }

  add(listener: Listener): void {
    // Several that are open may be at one endpoint: those of a WebSocket server, each with its path.
    const replaced = this.#listeners.find(({ closed, endpoint }) => closed && isSame(endpoint, listener.endpoint))
    if (replaced !== undefined) this.#delete(replaced)
    this.#listeners = [...this.#listeners, listener]
    const closed = closingOf(listener).subscribe(() => {
      this.#changed()
    })
    this.#closings.add(closed)
    if (this.#closed) listener.close()
    else if (this.#reasons.size > 0) this.#hold(listener)
  }

  shut(reason: Shut): void {
    this.#reasons.add(reason)
    for (const listener of this.#listeners) this.#hold(listener)
  }

  open(reason: Shut): void {
    if (!this.#reasons.delete(reason)) return
    for (const listener of [...this.#shut]) {
      // Whoever is let in may give a new reason. And a port that is asleep is bound all the same.
      if (this.#reasons.size > 0 && !listener.suspended) continue
      this.#shut.delete(listener)
      listener.resume()
      if (this.#reasons.size > 0) this.#hold(listener)
      if (listener.suspended) this.#retry()
    }
  }

  /** For good. */
  close(): void {
    this.#closed = true
    this.stop()
    for (const listener of this.#listeners) listener.close()
  }

  stop(): void {
    this.#retrying?.unsubscribe()
    this.#closings.unsubscribe()
  }

  #hold(listener: Listener): void {
    const frees = this.#frees && this.#reasons.has('full')
    if (frees ? listener.suspended : listener.paused) return
    this.#shut.add(listener)
    if (frees) listener.suspend()
    else listener.pause()
  }

  /** Somebody else may have taken a port that was free: it is tried again until it can be had. */
  #retry(): void {
    this.#retrying ??= timer(RETRY, RETRY).subscribe(() => {
      const missing = this.#listeners.filter(listener => listener.suspended && !this.#shut.has(listener))
      if (missing.length === 0) {
        this.#retrying?.unsubscribe()
        this.#retrying = undefined
      }
      for (const listener of missing) listener.resume()
    })
  }

  #delete(listener: Listener): void {
    this.#refused += listener.refused
    this.#failures += listener.failures
    this.#shed += listener.shed
    this.#shut.delete(listener)
    this.#listeners = this.#listeners.filter(other => other !== listener)
  }
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port
}
