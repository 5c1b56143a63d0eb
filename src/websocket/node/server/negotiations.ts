import type { IncomingMessage } from 'node:http'
import { from, Subscription, type ObservableInput } from 'rxjs'
import { Deadlines } from '../../../connection/deadlines.js'
import { handlerError } from '../../../connection/errors.js'
import { refused } from './upgrade-faults.js'
import { checkNegotiation, type Negotiation, type WebSocketListenOptions } from './web-socket-place.js'

/** Who is told what a request is answered. */
export interface NegotiationListener {
  decided(answer: Negotiation<unknown>): void
  /** There is no answer, or none that could be given. */
  failed(error: Error): void
}

/** What the user is asked about upgrade requests: so many at once, each for so long. */
export class Negotiations {
  readonly #negotiate: NonNullable<WebSocketListenOptions<unknown>['negotiate']>
  readonly #most: number
  readonly #deadlines: Deadlines<Talk>
  #underWay = 0

  constructor(
    negotiate: NonNullable<WebSocketListenOptions<unknown>['negotiate']>,
    { negotiateTimeout = 5_000, maxNegotiations = 1_024 }: WebSocketListenOptions<unknown>,
  ) {
    this.#negotiate = negotiate
    this.#most = maxNegotiations
    this.#deadlines = new Deadlines(negotiateTimeout, talk => {
      talk.decided(refused(503, 'it took too long to decide'))
    })
  }

  /** Asks, and answers how to stop asking. The listener is told once, maybe at once. */
  start(request: IncomingMessage, listener: NegotiationListener): Subscription {
    if (this.#underWay >= this.#most) {
      listener.decided(refused(503, 'too many are waiting'))
      return Subscription.EMPTY
    }
    const talk = new Talk(listener)
    this.#underWay += 1
    this.#deadlines.add(talk)
    talk.add(() => {
      this.#underWay -= 1
      this.#deadlines.delete(talk)
    })
    talk.run(() => this.#negotiate(request))
    return talk
  }
}

/** One negotiation: its first answer counts. */
class Talk extends Subscription {
  readonly #listener: NegotiationListener

  constructor(listener: NegotiationListener) {
    super()
    this.#listener = listener
  }

  run(ask: () => Negotiation<unknown> | ObservableInput<Negotiation<unknown>>): void {
    try {
      const answer = ask()
      if (isNegotiation(answer)) this.decided(answer)
      else
        this.add(
          from(answer).subscribe({
            next: decision => {
              this.decided(decision)
            },
            error: (thrown: unknown) => {
              this.#failed(thrown)
            },
            complete: () => {
              this.#failed(new Error('it has completed without an answer'))
            },
          }),
        )
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  decided(answer: Negotiation<unknown>): void {
    if (this.closed) return
    try {
      checkNegotiation(answer)
    } catch (thrown) {
      this.#failed(thrown)
      return
    }
    this.unsubscribe()
    this.#listener.decided(answer)
  }

  #failed(thrown: unknown): void {
    if (this.closed) return
    this.unsubscribe()
    this.#listener.failed(handlerError('negotiate', thrown))
  }
}

function isNegotiation(
  answer: Negotiation<unknown> | ObservableInput<Negotiation<unknown>>,
): answer is Negotiation<unknown> {
  return 'accept' in answer
}
