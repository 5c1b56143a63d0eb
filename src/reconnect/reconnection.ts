import {
  EMPTY,
  NEVER,
  ReplaySubject,
  catchError,
  merge,
  take,
  throwIfEmpty,
  timer,
  type Observable,
  type Subscriber,
} from 'rxjs'
import { chance } from '../connection/chance.js'
import { now } from '../connection/clock.js'
import type { Connection } from '../connection/connection.js'
import { SluiceError, handlerError } from '../connection/errors.js'
import type { AnyEvent, CloseEvent, PacketEvent } from '../connection/event.js'
import { silentClose } from '../connection/silent-close.js'
import { asked } from './asked.js'
import type { BackoffPolicy } from './backoff.js'
import { classified } from './classify.js'
import { Outage } from './outage.js'
import type { ReconnectOptions } from './reconnect-options.js'
import { retryAfter } from './refusal.js'
import type { Verdict } from './verdict.js'

const longestHint = 5 * 60_000

type Close = CloseEvent<Connection<never>>

/** What `reconnect` does for one subscriber: dial, hear what the connection has to tell, judge its end, wait, dial. */
export class Reconnection {
  readonly #source: Observable<AnyEvent>
  readonly #subscriber: Subscriber<AnyEvent>
  readonly #options: ReconnectOptions<AnyEvent>
  readonly #outage: Outage
  #session = 0
  #dialling = false

  // What is known of the connection that was dialled last:
  #live: Connection<never> | undefined
  #openedAt: number | undefined
  #stable = false
  #close: Close | undefined
  #hint: number | undefined

  constructor(
    source: Observable<AnyEvent>,
    subscriber: Subscriber<AnyEvent>,
    policy: BackoffPolicy,
    options: ReconnectOptions<AnyEvent>,
  ) {
    this.#source = source
    this.#subscriber = subscriber
    this.#options = options
    this.#outage = new Outage(policy)
  }

  dial(): void {
    this.#live = this.#openedAt = this.#close = this.#hint = undefined
    this.#stable = false
    this.#dialling = true
    const dialled = this.#source.subscribe({
      next: event => {
        this.#hear(event)
      },
      error: (error: unknown) => {
        this.#failed(error)
      },
      complete: () => {
        this.#ended()
      },
    })
    this.#dialling = false
    this.#subscriber.add(dialled)
  }

  #hear(event: AnyEvent): void {
    let told = event
    switch (event.type) {
      case 'packet':
        this.#listen(event)
        break
      case 'connecting':
        this.#live = event.connection
        this.#close = undefined
        break
      case 'open':
        this.#live = event.connection
        this.#close = undefined
        this.#openedAt = now()
        this.#session += 1
        told = { ...event, session: this.#session }
        break
      case 'close':
        this.#live = undefined
        this.#stable ||= this.#wasStable()
        this.#close = event
        this.#listen(event)
        break
      case 'retry':
        this.#close = undefined // The source reconnects by itself, and this is its answer.
        break
      default:
    }
    this.#subscriber.next(told)
  }

  /** What the source does when its connection has closed does not count. */
  #wasStable(): boolean {
    const { stableAfter = 10_000 } = this.#options
    const openedAt = this.#openedAt
    this.#openedAt = undefined
    return openedAt !== undefined && now() - openedAt >= stableAfter
  }

  #listen(event: PacketEvent<unknown, Connection<never>> | Close): void {
    const { hint } = this.#options
    if (hint === undefined) return
    this.#orFail(() => {
      const delay: unknown = asked('the hint of reconnect', () => hint(event))
      if (typeof delay === 'number' && delay >= 0) this.#hint = Math.min(delay, longestHint)
    })
  }

  #failed(error: unknown): void {
    if (this.#live !== undefined) this.#hear(silentClose(this.#live, { error }))
    this.#judge(error, () => {
      this.#subscriber.error(error)
    })
  }

  #ended(): void {
    const close = this.#close
    const end = () => {
      if (close?.error === undefined) this.#subscriber.complete()
      else this.#subscriber.error(close.error)
    }
    if (close === undefined) end()
    else this.#judge(close.error, end)
  }

  #judge(error: unknown, stop: () => void): void {
    this.#orFail(() => {
      const verdict = this.#verdict(error)
      if (verdict === 'stop') stop()
      else this.#comeBack(verdict, error)
    })
  }

  #verdict(error: unknown): Verdict {
    const { classify } = this.#options
    const close = this.#close
    return (classify && asked('the classify of reconnect', () => classify(error, close))) ?? classified(error, close)
  }

  #comeBack(verdict: Verdict, error: unknown): void {
    const { now: early } = this.#options
    if (this.#stable) this.#outage.over()
    const planned = this.#outage.next()
    if (planned !== undefined) this.#wait(this.#delay(verdict, planned, error), error, early)
    else if (early !== undefined) this.#wait(Infinity, error, early)
    else this.#subscriber.error(this.#lastCause(error))
  }

  #delay(verdict: Verdict, planned: number, error: unknown): number {
    const hint = this.#hint
    if (hint !== undefined && this.#outage.attempt === 1) return hint
    return Math.max(hint ?? 0, this.#unhinted(verdict, planned, error))
  }

  #unhinted(verdict: Verdict, planned: number, error: unknown): number {
    const { slow = 30_000, random = Math.random } = this.#options
    const earliest = retryAfter(error, now())
    if (earliest !== undefined) return Math.min(earliest, longestHint) + planned
    if (verdict === 'retry') return planned
    return Math.max(planned, slow * (1 - chance('reconnect', random) / 2))
  }

  #wait(delay: number, error: unknown, now: Observable<unknown> = NEVER): void {
    if (delay === 0) {
      this.#tellWait(delay, error)
      if (!this.#subscriber.closed) this.#dialAgain()
      return
    }
    const early = new ReplaySubject<unknown>(1) // Who is told of the wait may end it while he is told.
    const hearing = now.subscribe(early)
    this.#subscriber.add(hearing)
    this.#tellWait(delay, error)
    if (this.#subscriber.closed) return

    const over = merge(early.pipe(catchError(nowFailed)), sleep(delay)).pipe(
      take(1),
      throwIfEmpty(() => this.#lastCause(error)),
    )
    this.#subscriber.add(
      over.subscribe({
        next: () => {
          hearing.unsubscribe()
          if (delay === Infinity) this.#outage.over()
          this.#dialAgain()
        },
        error: (thrown: unknown) => {
          this.#subscriber.error(thrown)
        },
      }),
    )
  }

  #tellWait(delay: number, error: unknown): void {
    this.#subscriber.next({ type: 'retry', attempt: this.#outage.attempt, delay, cause: this.#close ?? error })
  }

  #dialAgain(): void {
    if (!this.#dialling) {
      this.dial()
      return
    }
    // The source ended as soon as it was subscribed: without a timer that were an endless loop, or recursion.
    const soon = timer(0).subscribe(() => {
      this.dial()
    })
    this.#subscriber.add(soon)
  }

  #lastCause(error: unknown): unknown {
    if (error !== undefined) return error
    const attempts = this.#outage.attempt - 1
    const message = `the connection was closed, and the policy has no delay after ${attempts} attempts to come back`
    return new SluiceError('ERR_GAVE_UP', message, { cause: this.#close })
  }

  /** Does what runs user code, whose failure ends the stream. */
  #orFail(task: () => void): void {
    if (this.#subscriber.closed) return
    try {
      task()
    } catch (error) {
      this.#subscriber.error(error)
    }
  }
}

/** Emits when the time is over; with `Infinity` it completes, since nothing will come of it. */
function sleep(delay: number): Observable<unknown> {
  return delay === Infinity ? EMPTY : timer(delay)
}

function nowFailed(thrown: unknown): never {
  throw handlerError('the now of reconnect', thrown)
}
