import type { Observable, Observer, Unsubscribable } from 'rxjs'
import type { Expected, Peer } from './peer.js'

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
export class Request implements Expected, Observer<unknown>, Unsubscribable {
  readonly peer: Peer
  readonly id: number
  readonly packet: unknown

  // Its place among those of its peer:
  earlier: Expected | undefined = undefined
  later: Expected | undefined = undefined

  readonly #respondent: Respondent
  /** Who is told its answers, while there may be more. */
  #told: Observer<Answer> | undefined = undefined
  #answering: Unsubscribable | undefined = undefined
  #cancelled = false
  #over = false

  constructor(respondent: Respondent, peer: Peer, id: number, packet: unknown) {
    this.#respondent = respondent
    this.peer = peer
    this.id = id
    this.packet = packet
  }

  /** Its turn has come. */
  answer(told: Observer<Answer>): this {
    this.#told = told
    if (this.#cancelled) this.complete()
    else {
      try {
        this.#answering = this.#respondent.answersTo(this).subscribe(this)
      } catch (thrown) {
        this.error(thrown)
      }
      if (this.#over) this.#answering?.unsubscribe()
    }
    return this
  }

  /** Nobody waits for its answers any more: it has had all. */
  cancel(): void {
    this.#cancelled = true
    this.complete()
  }

  unsubscribe(): void {
    if (this.#over) return
    this.#over = true
    this.#told = undefined
    this.#answering?.unsubscribe()
    this.peer.done(this)
  }

  // ── what its handler says ──

  next(answer: unknown): void {
    this.#told?.next(new Answer(this, answer))
  }

  error(thrown: unknown): void {
    const told = this.#told
    if (told === undefined) return
    let answer: unknown
    try {
      answer = this.#respondent.failure(thrown, this)
    } catch (error) {
      told.error(error)
      this.unsubscribe()
      return
    }
    this.next(answer)
    this.complete()
  }

  complete(): void {
    const told = this.#told
    if (told === undefined) return
    this.#told = undefined
    told.complete()
    this.unsubscribe()
  }
}
