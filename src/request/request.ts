import type { Observable, Observer, Subscriber, Subscription } from 'rxjs'
import type { Peer } from './peer.js'

/** Who knows what is answered to a request. */
export interface Respondent {
  /** What the handler gives. */
  answersTo(request: Request): Observable<unknown>
  /** The answer where the handler has failed. Throws where there is none. */
  failure(error: unknown, request: Request): unknown
}

/** What is to be sent in answer to a request. */
export class Answer {
  readonly request: Request
  readonly packet: unknown

  constructor(request: Request, packet: unknown) {
    this.request = request
    this.packet = packet
  }
}

/** A request, from when it arrives until it has its last answer: it hears what its handler gives. */
export class Request implements Observer<unknown> {
  readonly peer: Peer
  readonly id: number
  readonly packet: unknown
  readonly #respondent: Respondent
  #cancelled = false
  #told: Subscriber<Answer> | undefined

  constructor(respondent: Respondent, peer: Peer, id: number, packet: unknown) {
    this.#respondent = respondent
    this.peer = peer
    this.id = id
    this.packet = packet
  }

  /** Has it answered, until it is cancelled. */
  answer(told: Subscriber<Answer>): Subscription | undefined {
    this.#told = told
    if (this.#cancelled) this.complete()
    else
      try {
        return this.#respondent.answersTo(this).subscribe(this)
      } catch (thrown) {
        this.error(thrown)
      }
    return undefined
  }

  cancel(): void {
    this.#cancelled = true
    this.complete()
  }

  // ── what its handler says ──

  next(answer: unknown): void {
    this.#told?.next(new Answer(this, answer))
  }

  error(thrown: unknown): void {
    let answer: unknown
    try {
      answer = this.#respondent.failure(thrown, this)
    } catch (error) {
      this.#told?.error(error)
      return
    }
    this.next(answer)
    this.complete()
  }

  complete(): void {
    this.#told?.complete()
  }
}
