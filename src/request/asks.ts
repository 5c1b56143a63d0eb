import { NEVER, skip, type Observable, type Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import { errorIn } from './answer-rules.js'
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

/** The asks of an exchange: those that wait for a connection, and those that are in flight on one. */
export class Asks {
  readonly #correlation: Correlation<unknown, unknown>
  readonly #settings: Settings
  readonly #counts: Counts
  readonly #settled: () => void
  readonly #lanes: Lanes
  readonly #timeouts: Timeouts
  /** Oldest first. */
  readonly #waiting = new Set<Ask>()
  /** To what says that a connection may be asked again which somebody had for himself: only while somebody waits. */
  #listening: Subscription | undefined
  #end: { readonly cause: unknown } | undefined

  /** Emits when that may be so, where the stream can say it. */
  room: Observable<unknown> = NEVER

  /** @param settled told of each ask when all of it is done */
  constructor(correlation: Correlation<unknown, unknown>, settings: Settings, counts: Counts, settled: () => void) {
    this.#correlation = correlation
    this.#settings = settings
    this.#counts = counts
    this.#settled = settled
    this.#lanes = new Lanes(settings.select)
    this.#timeouts = new Timeouts(settings.timeout, ask => {
      this.#expire(ask)
    })
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
    this.#settled()
  }

  // ── what becomes of connections ──

  open(connection: Connection<never>): void {
    if (connection.state !== 'open' || this.#lanes.of(connection) !== undefined) return
    const correlation = this.#correlation
    const ledger = correlation.kind === 'by id' ? new IdLedger<Ask>(correlation) : new OrderLedger<Ask>(correlation)
    this.#lanes.add(new Lane(connection as Connection<unknown>, ledger, this.#settings.maxInFlight))
  }

  laneOf(connection: Connection<never>): Lane<Ask> | undefined {
    return this.#lanes.of(connection)
  }

  /** From now on nothing is asked on it. */
  leave(lane: Lane<Ask>): void {
    this.#lanes.delete(lane)
  }

  /** Takes a packet, if it is an answer. */
  take(connection: Connection<never>, packet: unknown): boolean {
    const lane = this.#lanes.of(connection)
    if (lane === undefined) return false
    const { ledger } = lane
    const { last, failed = errorIn } = this.#correlation
    let found: ReturnType<Ledger<Ask>['find']>
    let isLast = true
    let failure: Error | undefined
    try {
      found = ledger.find(packet)
      if (found === undefined) return false
      if (typeof found !== 'string') {
        isLast = last === undefined || last(packet)
        failure = failed(packet)
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
    if (this.#waiting.size > 0) this.serve(lane)
    return true
  }

  /** Nothing will be answered on it any more. */
  lose(lane: Lane<Ask>, cause: unknown): void {
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
    this.serve() // What waited for it by its `select` may go elsewhere now.
  }

  /** The stream is at its end. */
  end(cause: unknown): void {
    this.#end = { cause }
    const inFlight = this.#lanes.all.flatMap(({ ledger }) => ledger.asks)
    for (const ask of [...inFlight, ...this.#waiting]) if (!ask.settled) this.#fail(ask, lost(ask, cause))
    this.stop()
  }

  stop(): void {
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
      this.#listening ??= this.room.pipe(skip(1)).subscribe(() => {
        this.serve()
      })
      return
    }
    const message = `no connection can take it, and ${this.#waiting.size} wait already, of at most ${maxWaiting}`
    this.#fail(ask, new RequestError('ERR_REQUEST_OVERFLOW', message, ask.sent))
  }

  /** Answers whether that is all there was to do: with no connection that can take it, it is not. */
  #send(ask: Ask): boolean {
    let lane: Lane<Ask> | undefined
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

  #sent(ask: Ask, lane: Lane<Ask>): void {
    if (this.#waiting.size > 0) this.#stopWaiting(ask)
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
  }

  /** Sends what waits, as far as that can be sent, or until a lane can take no more. */
  serve(lane?: Lane<Ask>): void {
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
    this.#settled()
  }

  #fail(ask: Ask, error: unknown): void {
    this.#timeouts.delete(ask)
    this.#settle(ask)
    ask.observer.error(error)
    this.#settled()
  }

  #expire(ask: Ask): void {
    const { timeout, sent } = ask
    const message = sent === 'no' ? `not sent within ${timeout} ms` : `no answer within ${timeout} ms`
    this.#giveUp(ask)
    ask.observer.error(new RequestError('ERR_REQUEST_TIMEOUT', message, sent))
    this.#settled()
  }

  #giveUp(ask: Ask): void {
    const { lane } = ask
    this.#timeouts.delete(ask)
    this.#settle(ask)
    if (lane === undefined) return
    lane.ledger.abandon(ask)
    this.#tellPeer(ask, lane)
    this.serve(lane)
  }

  #tellPeer({ id }: Ask, lane: Lane<Ask>): void {
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
    else this.#stopWaiting(ask)
  }

  #stopWaiting(ask: Ask): void {
    if (!this.#waiting.delete(ask)) return
    this.#counts.waiting -= 1
    if (this.#waiting.size > 0) return
    this.#listening?.unsubscribe()
    this.#listening = undefined
  }

  #leaveLane(ask: Ask): void {
    if (ask.lane !== undefined) ask.lane.load.inFlight -= 1
    ask.lane = undefined
    this.#counts.inFlight -= 1
  }
}

function lost({ sent }: Ask, cause: unknown): RequestError {
  const message = sent === 'no' ? 'there is no connection for it any more' : 'its connection was lost'
  return new RequestError('ERR_REQUEST_LOST', message, sent, cause === undefined ? {} : { cause })
}
