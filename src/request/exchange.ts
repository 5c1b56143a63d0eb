import { Subscription, type Observable, type Observer, type Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { AnyEvent } from '../connection/event.js'
import { Audience } from '../pool/audience.js'
import type { Ask } from './ask.js'
import type { Correlation } from './correlation.js'
import type { Counts } from './counts.js'
import { IdLedger } from './id-ledger.js'
import { Lane } from './lane.js'
import { Lanes } from './lanes.js'
import type { Ledger } from './ledger.js'
import { OrderLedger } from './order-ledger.js'
import { RequestError } from './request-error.js'
import type { Settings } from './request-options.js'
import { Timeouts } from './timeouts.js'

/**
 * One subscription to the stream that is asked: what is under way on its connections, and who waits for one.
 *
 * An event is told first, and then what follows from it is done, so that who hears of an `open` can ask before those
 * who wait.
 */
export class Exchange implements Observer<AnyEvent> {
  readonly #audience = new Audience<AnyEvent>()
  readonly #correlation: Correlation<unknown, unknown>
  readonly #settings: Settings
  readonly #counts: Counts
  readonly #over: () => void
  readonly #lanes: Lanes
  readonly #timeouts: Timeouts
  readonly #subscription = new Subscription()
  /** Oldest first. */
  #waiting = new Set<Ask>()
  /** Subscribers and asks. When the last one has left, so do we, but not while something is being told. */
  #holders = 0
  #telling = 0
  #connected = false
  #end: { readonly cause: unknown } | undefined

  constructor(correlation: Correlation<unknown, unknown>, settings: Settings, counts: Counts, over: () => void) {
    this.#correlation = correlation
    this.#settings = settings
    this.#counts = counts
    this.#over = over
    this.#lanes = new Lanes(settings.select)
    this.#timeouts = new Timeouts(settings.timeout, ask => {
      this.#expire(ask)
    })
  }

  // ── who is here ──

  hold(): void {
    this.#holders += 1
  }

  watch(subscriber: Subscriber<AnyEvent>): void {
    this.#audience.add(subscriber)
    subscriber.add(() => {
      this.#audience.delete(subscriber)
      this.release()
    })
  }

  release(): void {
    this.#holders -= 1
    this.#leaveIfAlone()
  }

  connect(stream: Observable<AnyEvent>): void {
    if (this.#connected) return
    this.#connected = true
    this.#telling += 1
    this.#subscription.add(stream.subscribe(this))
    // One that is shared may have told of its connections before.
    for (const connection of openIn(stream)) this.#open(connection)
    this.#told()
  }

  // ── what is asked ──

  start(ask: Ask): void {
    this.#timeouts.add(ask)
    if (this.#end !== undefined) this.#fail(ask, lost(ask, this.#end.cause))
    else if (!this.#goesAtOnce(ask)) this.#wait(ask)
  }

  /** Nobody wants its answer any more. */
  cancel(ask: Ask): void {
    this.#giveUp(ask)
    this.release()
  }

  // ── what the stream tells ──

  next(event: AnyEvent): void {
    this.#telling += 1
    if (event.type !== 'packet') this.#pass(event)
    else if (!this.#isAnswer(event.connection, event.packet)) this.#audience.next(event)
    this.#told()
  }

  error(error: unknown): void {
    this.#finish(error, () => {
      this.#audience.error(error)
    })
  }

  complete(): void {
    this.#finish(undefined, () => {
      this.#audience.complete()
    })
  }

  // ── events ──

  #pass(event: AnyEvent): void {
    if (event.type === 'open') this.#open(event.connection)
    const lane = 'connection' in event ? this.#lanes.of(event.connection) : undefined
    const over = event.type === 'end' || event.type === 'close'
    if (lane !== undefined && over) this.#lanes.delete(lane)
    if (event.type === 'drain') lane?.drained()
    this.#audience.next(event)
    if (lane === undefined) return
    if (over) this.#lose(lane, event.type === 'close' ? event.error : undefined)
    else this.#serve(lane)
  }

  #open(connection: Connection<never>): void {
    if (connection.state !== 'open' || this.#lanes.of(connection) !== undefined) return
    const correlation = this.#correlation
    const ledger = correlation.kind === 'by id' ? new IdLedger(correlation) : new OrderLedger(correlation)
    this.#lanes.add(new Lane(connection as Connection<unknown>, ledger, this.#settings.maxInFlight))
  }

  #isAnswer(connection: Connection<never>, packet: unknown): boolean {
    const lane = this.#lanes.of(connection)
    if (lane === undefined) return false
    const { ledger } = lane
    const { last, failed } = this.#correlation
    let found: ReturnType<Ledger['find']>
    let isLast = true
    let failure: Error | undefined
    try {
      found = ledger.find(packet)
      if (found === undefined) return false
      if (typeof found !== 'string') {
        isLast = last === undefined || last(packet)
        failure = failed?.(packet)
      }
    } catch (thrown) {
      connection.destroy(handlerError('the correlation', thrown))
      return true
    }
    if (typeof found === 'string') this.#counts[found] += 1
    else {
      if (isLast) ledger.settle(found)
      else if (failure !== undefined) ledger.abandon(found)
      if (failure === undefined) this.#answer(found, packet, isLast)
      else this.#fail(found, failure)
    }
    if (this.#waiting.size > 0) this.#serve(lane)
    return true
  }

  /** Nothing will be answered on it any more. */
  #lose(lane: Lane, cause: unknown): void {
    const again: Ask[] = []
    for (const ask of lane.ledger.asks) {
      if (ask.settled) continue // By what another's failure has brought about.
      if (ask.options?.idempotent === true && !ask.answered && ask.options.connection === undefined) again.push(ask)
      else this.#fail(ask, lost(ask, cause))
    }
    for (const ask of this.#waiting) {
      if (ask.options?.connection?.id === lane.connection.id) this.#fail(ask, lost(ask, cause))
    }
    this.#askAgain(again.filter(ask => !ask.settled))
  }

  #finish(cause: unknown, tell: () => void): void {
    this.#end = { cause }
    this.#over()
    tell()
    for (const { ledger } of this.#lanes.all) for (const ask of ledger.asks) this.#fail(ask, lost(ask, cause))
    for (const ask of this.#waiting) this.#fail(ask, lost(ask, cause))
    this.#timeouts.stop()
  }

  // ── an ask's way ──

  /** Those that wait for another connection are no hindrance to one that goes by its own choice. */
  #goesAtOnce(ask: Ask): boolean {
    const { connection } = ask.options ?? {}
    if (connection !== undefined && this.#lanes.of(connection) === undefined) {
      this.#fail(ask, lost(ask, undefined))
      return true
    }
    const overtakes = connection !== undefined || this.#settings.select !== undefined
    return (this.#waiting.size === 0 || overtakes) && this.#send(ask)
  }

  #wait(ask: Ask): void {
    const { maxWaiting } = this.#settings
    if (this.#waiting.size < maxWaiting) {
      this.#waiting.add(ask)
      this.#counts.waiting += 1
      return
    }
    const message = `no connection can take it, and ${this.#waiting.size} wait already, of at most ${maxWaiting}`
    this.#fail(ask, new RequestError('ERR_REQUEST_OVERFLOW', message, ask.sent))
  }

  /** Answers whether that is all there was to do: with no connection that can take it, it is not. */
  #send(ask: Ask): boolean {
    let lane: Lane | undefined
    try {
      lane = this.#lanes.choose(ask)
      if (lane === undefined) return false
      const packet = lane.ledger.enter(ask)
      this.#sent(ask, lane)
      lane.send(packet)
    } catch (thrown) {
      if (ask.lane !== undefined) lane?.ledger.strike(ask)
      if (!ask.settled) this.#fail(ask, thrown)
    }
    return true
  }

  #sent(ask: Ask, lane: Lane): void {
    if (this.#waiting.size > 0 && this.#waiting.delete(ask)) this.#counts.waiting -= 1
    ask.lane = lane
    ask.sent = 'unknown'
    lane.load.inFlight += 1
    this.#counts.inFlight += 1
  }

  /** Their connection is lost. They were first, and are first again. */
  #askAgain(asks: readonly Ask[]): void {
    if (asks.length === 0) return
    const behind = [...this.#waiting]
    this.#waiting.clear()
    for (const ask of asks) {
      this.#leaveLane(ask)
      this.#waiting.add(ask)
    }
    for (const ask of behind) this.#waiting.add(ask)
    this.#counts.waiting += asks.length
    this.#serve()
  }

  /** Sends what waits, as far as that can be sent, or until a lane can take no more. */
  #serve(lane?: Lane): void {
    for (const ask of this.#waiting) {
      if (lane?.ready === false) return
      const anyWillDo = this.#settings.select === undefined && ask.options?.connection === undefined
      if (!this.#send(ask) && anyWillDo) return
    }
  }

  #answer(ask: Ask, packet: unknown, isLast: boolean): void {
    this.#timeouts.delete(ask)
    if (isLast) this.#settle(ask)
    else {
      ask.answered = true
      this.#timeouts.add(ask)
    }
    ask.observer.next(packet)
    if (!isLast) return
    ask.observer.complete()
    this.release()
  }

  #fail(ask: Ask, error: unknown): void {
    this.#timeouts.delete(ask)
    this.#settle(ask)
    ask.observer.error(error)
    this.release()
  }

  #expire(ask: Ask): void {
    const { timeout, sent } = ask
    const message = sent === 'no' ? `not sent within ${timeout} ms` : `no answer within ${timeout} ms`
    this.#giveUp(ask)
    ask.observer.error(new RequestError('ERR_REQUEST_TIMEOUT', message, sent))
    this.release()
  }

  #giveUp(ask: Ask): void {
    const { lane } = ask
    this.#timeouts.delete(ask)
    this.#settle(ask)
    if (lane === undefined) return
    lane.ledger.abandon(ask)
    this.#tellPeer(ask, lane)
    this.#serve(lane)
  }

  #tellPeer({ id }: Ask, lane: Lane): void {
    const correlation = this.#correlation
    if (correlation.kind !== 'by id' || correlation.cancel === undefined || lane.connection.state !== 'open') return
    try {
      lane.send(correlation.cancel(id))
    } catch (thrown) {
      lane.connection.destroy(handlerError('the correlation', thrown))
    }
  }

  #settle(ask: Ask): void {
    ask.settled = true
    if (ask.lane !== undefined) this.#leaveLane(ask)
    else if (this.#waiting.delete(ask)) this.#counts.waiting -= 1
  }

  #leaveLane(ask: Ask): void {
    if (ask.lane !== undefined) ask.lane.load.inFlight -= 1
    ask.lane = undefined
    this.#counts.inFlight -= 1
  }

  #told(): void {
    this.#telling -= 1
    this.#leaveIfAlone()
  }

  #leaveIfAlone(): void {
    if (this.#holders > 0 || this.#telling > 0 || this.#end !== undefined) return
    this.#over()
    this.#subscription.unsubscribe()
    this.#timeouts.stop()
  }
}

function lost({ sent }: Ask, cause: unknown): RequestError {
  const message = sent === 'no' ? 'there is no connection for it any more' : 'its connection was lost'
  return new RequestError('ERR_REQUEST_LOST', message, sent, cause === undefined ? {} : { cause })
}

/** What is open in a stream that keeps a list of it, as a group does. */
function openIn(stream: object): Iterable<Connection<never>> {
  return 'connections' in stream ? (stream.connections as Iterable<Connection<never>>) : []
}
