import { isObservable, NEVER, Subscription, type Observable, type Observer, type Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent } from '../connection/event.js'
import { inTurn, type Sharer } from '../connection/in-turn.js'
import { Outlet } from '../connection/outlet.js'
import { Audience } from '../connection/audience.js'
import { Asks } from './asks.js'
import type { Correlation } from './correlation.js'
import type { Counts } from './counts.js'
import type { Settings } from './request-options.js'

/**
 * One subscription to the stream that is asked, for as long as somebody is there: a subscriber, or an ask.
 *
 * An event is told first, and then what follows from it is done, so that who hears of an `open` can ask before those
 * who wait.
 */
export class Exchange implements Observer<AnyEvent>, Sharer {
  readonly asks: Asks
  readonly #audience = new Audience<AnyEvent>()
  readonly #outlet = new Outlet(this.#audience)
  readonly #over: () => void
  readonly #subscription = new Subscription()
  /** When the last one has left, so do we, but not while something is being told: that may bring in another. */
  #holders = 0
  #telling = 0
  #connected = false
  #ended = false

  constructor(correlation: Correlation<unknown, unknown>, settings: Settings, counts: Counts, over: () => void) {
    this.#over = over
    this.asks = new Asks(correlation, settings, counts, () => {
      this.#release()
    })
  }

  /** For one who is about to ask. */
  hold(): void {
    this.#holders += 1
  }

  watch(subscriber: Subscriber<AnyEvent>): void {
    this.#holders += 1
    this.#audience.add(subscriber)
    subscriber.add(() => {
      this.#audience.delete(subscriber)
      this.#release()
    })
  }

  connect(stream: Observable<AnyEvent>): void {
    if (this.#connected) return
    this.#connected = true
    this.#telling += 1
    this.#subscription.add(stream.subscribe(this))
    // One that is shared may have told of its connections before.
    for (const connection of openIn(stream)) this.asks.open(connection)
    this.asks.room = roomIn(stream)
    this.#told()
  }

  next(event: AnyEvent): void {
    this.#telling += 1
    if (event.type !== 'packet' || !this.asks.take(event.connection, event.packet)) inTurn(this.#outlet, event, this)
    this.#told()
  }

  error(error: unknown): void {
    this.#end(error, () => {
      this.#audience.error(error)
    })
  }

  complete(): void {
    this.#end(undefined, () => {
      this.#audience.complete()
    })
  }

  pass(event: AnyEvent): void {
    const { asks } = this
    if (event.type === 'open') asks.open(event.connection)
    const lane = 'connection' in event ? asks.laneOf(event.connection) : undefined
    const isOver = event.type === 'end' || event.type === 'close'
    if (lane !== undefined && isOver) asks.leave(lane)
    if (event.type === 'drain') lane?.drained()
    this.#audience.next(event)
    if (lane === undefined) return
    if (isOver) asks.lose(lane, event.type === 'close' ? event.error : undefined)
    else asks.serve(lane)
  }

  #release(): void {
    this.#holders -= 1
    this.#leaveIfAlone()
  }

  #told(): void {
    this.#telling -= 1
    this.#leaveIfAlone()
  }

  #leaveIfAlone(): void {
    if (this.#holders > 0 || this.#telling > 0 || this.#ended) return
    this.#over()
    this.#subscription.unsubscribe()
    this.asks.stop()
  }

  #end(cause: unknown, tell: () => void): void {
    this.#ended = true
    this.#over()
    this.#outlet.run(() => {
      tell()
      this.asks.end(cause)
    })
  }
}

/** What emits when there may be room in a stream of which somebody can have connections for himself, as of a pool. */
function roomIn(stream: object): Observable<unknown> {
  return 'state' in stream && isObservable(stream.state) ? stream.state : NEVER
}

/** What is open in a stream that keeps a list of it, as a group does. */
function openIn(stream: object): Iterable<Connection<never>> {
  return 'connections' in stream ? (stream.connections as Iterable<Connection<never>>) : []
}
