import { merge, NEVER, take, timer, type Observable, type Subscriber } from 'rxjs'
import { now } from '../connection/clock.js'
import { SluiceError } from '../connection/errors.js'
import type { AnyEvent } from '../connection/event.js'
import type { Failure } from '../connection/silent-close.js'
import { Alive } from './alive.js'
import { PlanCursor } from './plan-cursor.js'
import type { Plan } from './plan.js'
import type { SupervisedOptions } from './supervised-options.js'

/** How far apart two starts of the same stream are at least, in milliseconds: what fails at once is not tried faster. */
export const START_INTERVAL = 100

/** What `supervised` does for one subscriber: start, hear how it ends, look into the plan. */
export class Supervision {
  readonly #source: Observable<AnyEvent>
  readonly #subscriber: Subscriber<AnyEvent>
  readonly #cursor: PlanCursor
  readonly #now: Observable<unknown>
  #session = 0
  #ends = 0

  // What is known of the latest start:
  #alive = new Alive()
  #startedAt = 0
  #close: AnyEvent | undefined
  #listens = false

  constructor(
    source: Observable<AnyEvent>,
    subscriber: Subscriber<AnyEvent>,
    plan: Plan,
    { rounds = 1, now = NEVER }: SupervisedOptions,
  ) {
    this.#source = source
    this.#subscriber = subscriber
    this.#cursor = new PlanCursor(plan, rounds)
    this.#now = now
  }

  start(): void {
    this.#alive = new Alive()
    this.#startedAt = now()
    this.#close = undefined
    this.#listens = false
    const started = this.#source.subscribe({
      next: event => {
        this.#hear(event)
      },
      error: (error: unknown) => {
        this.#ended({ error })
      },
      complete: () => {
        this.#ended()
      },
    })
    this.#subscriber.add(started)
  }

  #hear(event: AnyEvent): void {
    this.#alive.hear(event)
    switch (event.type) {
      case 'listening':
        this.#listens = true // Then a close is a peer's, and no cause.
        break
      case 'close':
        if (!this.#listens) this.#close = event
        break
      case 'open':
        this.#session += 1
        this.#subscriber.next(this.#listens ? event : { ...event, session: this.#session })
        return
      default:
    }
    this.#subscriber.next(event)
  }

  #ended(failure?: Failure): void {
    for (const close of this.#alive.closes(failure)) this.#hear(close)
    if (this.#subscriber.closed) return
    this.#ends += 1
    const cause = this.#close ?? failure?.error
    try {
      this.#take(cause, failure?.error)
    } catch (thrown) {
      this.#subscriber.error(thrown)
    }
  }

  #take(cause: unknown, error: unknown): void {
    const step = this.#cursor.next(cause)
    if (step === 'restart') this.#restart(0, cause)
    else if (step === 'wait') this.#wait(Infinity, cause)
    else if (step === 'delete') this.#subscriber.complete()
    else if (step === 'stop') this.#subscriber.error(error ?? stopped(cause))
    else if ('restartAfter' in step) this.#restart(step.restartAfter, cause)
    else this.#subscriber.error(step.stop)
  }

  #restart(after: number, cause: unknown): void {
    this.#wait(Math.max(after, this.#untilDue()), cause)
  }

  #wait(delay: number, cause: unknown): void {
    this.#subscriber.next({ type: 'retry', attempt: this.#ends, delay, cause })
    if (this.#subscriber.closed) return
    if (delay === 0) {
      this.start()
      return
    }
    const over = merge(this.#now, delay === Infinity ? NEVER : timer(delay)).pipe(take(1))
    this.#subscriber.add(
      over.subscribe({
        next: () => {
          this.#startWhenDue()
        },
        error: (thrown: unknown) => {
          this.#subscriber.error(thrown)
        },
      }),
    )
  }

  /** What ends a wait early may do so at once, again and again. */
  #startWhenDue(): void {
    const left = this.#untilDue()
    if (left === 0) {
      this.start()
      return
    }
    const due = timer(left).subscribe(() => {
      this.start()
    })
    this.#subscriber.add(due)
  }

  /** Not more than the interval, even if the clock was set back. */
  #untilDue(): number {
    return Math.min(START_INTERVAL, Math.max(0, this.#startedAt + START_INTERVAL - now()))
  }
}

function stopped(cause: unknown): SluiceError {
  return new SluiceError('ERR_GAVE_UP', 'ended, and the plan says that it was the last time', { cause })
}
