import { Subject, type Observable } from 'rxjs'
import { closing, type TellsClosing } from './closing.js'
import type { Endpoint } from './connection.js'

/**
 * The handle of a bound port.
 *
 * Paused, it holds what is accepted unopened and unread, `backlog` of them at most, and refuses more. Closed, it accepts no more and
 * touches nothing that is open; the stream completes when the last of its connections has closed.
 */
export interface Listener {
  /** What is bound: with port 0 asked for, the port that was given. */
  readonly endpoint: Endpoint
  /** Whether what is accepted waits: from `pause` or `suspend` to `resume`. */
  readonly paused: boolean
  /** Whether it accepts no more, for good. */
  readonly closed: boolean
  /** How many were accepted since it was bound, those that wait included. */
  readonly accepted: number
  /** How many were turned away: more than `backlog` while paused, or any while closing. */
  readonly refused: number
  /**
   * How many were turned away because the process may open hardly any more files (`ERR_TOO_MANY_FILES`). An eighth of them, 32 at the
   * most, is kept for what it has to open itself. Where the system does not say how many it may open, it is not known, and 0.
   */
  readonly shed: number
  /** How often it failed to accept: those who were `shed`, and what the system said of its own. */
  readonly failures: number
  /** The latest of them. */
  readonly lastFailure: Error | undefined
  /** The port is free until `resume`, or was not to be had again: peers are refused by the system. */
  readonly suspended: boolean
  /** Holds whoever is accepted from now on. Unlike a connection's, it knows no holders: one `resume` ends it. */
  pause(): void
  /**
   * Frees the port until `resume` binds the same again. Where that fails it is counted, and `suspended` stays: call
   * `resume` again. What can't free its port (a path) is paused.
   */
  suspend(): void
  /** Lets those who wait in, first come first served, and binds the port again if it was freed. */
  resume(): void
  /** Accepts no more, for good; those who wait are refused. */
  close(): void
}

/** What a `Gate` does with what is accepted. */
export interface Admission<Accepted> {
  /** How many may wait while it is paused. */
  readonly backlog: number
  /** What is bound now. */
  readonly endpoint: () => Endpoint
  /** Opens a connection. */
  readonly accept: (accepted: Accepted) => void
  /** Turns it away, without a word. */
  readonly refuse: (accepted: Accepted) => void
  /** Releases what is bound. Called once. */
  readonly close: () => void
  /** Frees the port. */
  readonly suspend?: () => void
  /** Binds it again, and says `restored` to the gate, or `failed`. */
  readonly restore?: () => void
}

/**
 * What every transport's listener does between the system's accept and the stream.
 *
 * @example While it is paused, ten may wait
 * ```ts
 * const gate = new Gate<Duplex>({
 *   backlog: 10,
 *   endpoint: () => ({ address: 'door' }),
 *   accept: socket => socket.end('welcome'),
 *   refuse: socket => socket.destroy(),
 *   close: () => door.removeAllListeners('connection'),
 * })
 * door.on('connection', (socket: Duplex) => gate.offer(socket))
 * ```
 */
export class Gate<Accepted> implements Listener, TellsClosing {
  paused = false
  suspended = false
  accepted = 0
  refused = 0
  shed = 0
  failures = 0
  lastFailure: Error | undefined

  readonly #closing = new Subject<void>()
  #closed = false
  /** It may have been suspended again while it was bound again. */
  #wantsFree = false
  #waiting: Accepted[] = []
  readonly #admission: Admission<Accepted>

  constructor(admission: Admission<Accepted>) {
    this.#admission = admission
  }

  get endpoint(): Endpoint {
    return this.#admission.endpoint()
  }

  /** For good, by `close`. */
  get closed(): boolean {
    return this.#closed
  }

  /** Emits when it has closed, and completes. */
  get [closing](): Observable<void> {
    return this.#closing
  }

  /** Has what was accepted opened, wait, or turned away. */
  offer(accepted: Accepted): void {
    if (this.#closed || (this.paused && this.#waiting.length >= this.#admission.backlog)) {
      this.#refuse(accepted)
      return
    }
    this.accepted += 1
    if (this.paused) this.#waiting.push(accepted)
    else this.#admission.accept(accepted)
  }

  /** Has one turned away for whom there is no room in the whole process; that is counted as what it is, and as a failure. */
  turnAway(accepted: Accepted, error: Error): void {
    this.shed += 1
    this.failed(error)
    this.#admission.refuse(accepted)
  }

  /** The system could not accept; that is counted and harms nobody who is connected. */
  failed(error: Error): void {
    this.failures += 1
    this.lastFailure = error
  }

  /** Gives up one that waits, where its peer has left before it was opened. */
  withdraw(accepted: Accepted): void {
    this.#waiting = this.#waiting.filter(waiting => waiting !== accepted)
  }

  pause(): void {
    this.paused = true
  }

  suspend(): void {
    this.paused = true
    this.#wantsFree = true
    if (this.#closed || this.suspended || this.#admission.suspend === undefined) return
    this.suspended = true
    this.#admission.suspend()
  }

  resume(): void {
    if (this.#closed) return
    this.paused = false
    this.#wantsFree = false
    if (this.suspended) this.#admission.restore?.()
    else this.#open()
  }

  /** The port is bound again. */
  restored(): void {
    this.suspended = false
    if (this.#wantsFree) this.suspend()
    else this.#open()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const waiting of this.#waiting.splice(0)) this.#refuse(waiting)
    this.#admission.close()
    this.#closing.next()
    this.#closing.complete()
  }

  #open(): void {
    // Opening one may pause or close us again.
    while (this.#waiting.length > 0 && !this.#isPaused()) this.#admission.accept(this.#waiting.shift() as Accepted)
  }

  #isPaused(): boolean {
    return this.paused
  }

  #refuse(accepted: Accepted): void {
    this.refused += 1
    this.#admission.refuse(accepted)
  }
}
