import type { Observable, Observer, Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, TypedEvent } from '../connection/event.js'
import { silentClose, type Failure } from '../connection/silent-close.js'
import { whenFinished } from '../connection/unfinished.js'
import { LiveConnection } from './member-connection.js'
import type { Member, MemberState } from './member.js'

/** What a member tells its pool. */
export interface Keeper {
  /** An event, to be told. */
  tell(member: LiveMember, event: TypedEvent): void
  /** What it is good for has changed. */
  changed(member: LiveMember): void
  /** Nothing is in flight on it any more. */
  settled(member: LiveMember): void
  /** Its stream is over. @param again whether it is to be started anew */
  over(member: LiveMember, again: boolean, failure?: Failure): void
  /** It is to be started. */
  start(member: LiveMember): void
}

/** What a member passes on: its own connection is on it. */
interface Told extends TypedEvent {
  readonly connection?: Connection<never>
  readonly packet?: unknown
  readonly session?: number
}

/** Who has a member for himself. */
interface Lessee {
  hear(event: TypedEvent): void
}

/** One stream of a pool, while the pool is subscribed to. */
export class LiveMember implements Member<unknown, unknown> {
  readonly id: string
  readonly endpoint: unknown
  state: MemberState = 'waiting'
  session = 0
  connection: LiveConnection | undefined
  /** When it was last started. */
  startedAt = -Infinity
  /** Whether it has been open since. */
  opened = false
  openedAt = 0
  /** How often its connection was leased. */
  leases = 0
  /** Whether its connection is too old to be leased again; one that was never leased does not age. */
  aged = false
  /** Whether it lies among those that can be leased. */
  stacked = false
  /** Who wanted it to stop wants it to stay so. */
  stopped = false
  /** Who has it for himself hears what it tells, and alone its packets. */
  lessee: Lessee | undefined

  readonly #stream: Observable<AnyEvent>
  readonly #keeper: Keeper
  #run: Run | undefined
  /** The latest, from when it is dialled, and whether its close has been told. */
  #told: LiveConnection | undefined
  #closeTold = true
  /** The one that is closed as soon as what operators have in hand is done. */
  #finishing: LiveConnection | undefined
  /** What comes when it has gone, once it is to go. */
  #leaving: 'again' | 'finish' | undefined

  constructor(id: string, endpoint: unknown, stream: Observable<AnyEvent>, keeper: Keeper) {
    this.id = id
    this.endpoint = endpoint
    this.#stream = stream
    this.#keeper = keeper
  }

  get inFlight(): number {
    return this.connection?.inFlight ?? 0
  }

  /** Whether it can be given packets. */
  get available(): boolean {
    return this.connection?.state === 'open' && this.#leaving === undefined && this.lessee === undefined
  }

  /** Whether it can be leased. */
  get idle(): boolean {
    return this.available && this.inFlight === 0
  }

  /** Whether it is one of those that the pool has, and will have. */
  get stays(): boolean {
    return this.state !== 'finished' && this.#leaving !== 'finish'
  }

  /** Whether it may be open soon. */
  get underWay(): boolean {
    return this.stays && (this.state === 'connecting' || (this.state === 'waiting' && !this.runs))
  }

  /** Whether its stream is subscribed to. */
  get runs(): boolean {
    return this.#run !== undefined
  }

  restart(): void {
    this.stopped = false
    if (this.state === 'finished') this.#keeper.start(this)
    else if (this.runs) this.leave('again')
  }

  stop(): void {
    this.stopped = true
    if (this.state !== 'finished') this.leave('finish')
  }

  start(): void {
    const run = new Run(this)
    this.#run = run
    this.#closeTold = true
    this.startedAt = now()
    this.opened = false
    this.#turn('connecting')
    run.subscription = this.#stream.subscribe(run)
    if (this.#run !== run) run.subscription.unsubscribe()
  }

  /** Lets it go when nothing is in flight, and nobody has it for himself. */
  leave(then: 'again' | 'finish'): void {
    this.#leaving = then
    if (this.connection === undefined) this.#abandon()
    else {
      this.#turn('draining')
      this.settled()
    }
  }

  /** Ends it now, whatever it does. */
  cut(then: 'again' | 'finish'): void {
    this.#leaving ??= then
    if (this.connection === undefined) this.#abandon()
    else {
      this.#turn('draining')
      this.connection.destroy()
    }
  }

  /** Nothing is in flight any more. */
  settled(): void {
    const { connection } = this
    if (this.#leaving === undefined || this.inFlight > 0 || this.lessee !== undefined) this.#keeper.settled(this)
    else if (connection !== undefined && this.#finishing !== connection) {
      this.#finishing = connection
      whenFinished(connection, () => {
        connection.close('shutdown')
      })
    }
  }

  unsubscribe(): void {
    const run = this.#run
    this.#run = undefined
    run?.subscription?.unsubscribe()
  }

  // ── what its stream tells ──

  hear(run: Run, event: AnyEvent): void {
    if (this.#run !== run) return
    switch (event.type) {
      case 'packet':
        this.#pass({ type: 'packet', connection: this.#ours(event.connection), packet: event.packet })
        break
      case 'connecting':
        if (this.#leaving === undefined) this.#turn('connecting')
        this.#pass({ type: 'connecting', connection: this.#dialled(event.connection) })
        break
      case 'open':
        this.#opened(this.#dialled(event.connection))
        break
      case 'close':
        this.#closed(event, this.#ours(event.connection))
        break
      case 'retry':
        if (this.#leaving === undefined) this.#turn('waiting')
        this.#pass(event)
        break
      default:
        this.#pass('connection' in event ? { ...event, connection: this.#ours(event.connection) } : event)
    }
  }

  ended(run: Run, failure?: Failure): void {
    if (this.#run === run) this.#over(failure)
  }

  #opened(connection: LiveConnection): void {
    this.session += 1
    this.opened = true
    this.openedAt = now()
    this.leases = 0
    this.aged = false
    this.connection = connection
    this.#turn(this.#leaving === undefined ? 'open' : 'draining')
    this.#pass({ type: 'open', connection, session: this.session })
    if (this.#leaving !== undefined) this.settled()
  }

  #closed(event: Told, connection: LiveConnection): void {
    const run = this.#run
    if (this.#told === connection) this.#closeTold = true
    if (this.connection === connection) {
      this.connection = undefined
      if (this.#leaving === undefined) this.#turn('connecting')
    }
    this.#pass({ ...event, connection })
    // Whatever its stream would do next: it is to go.
    if (this.#leaving !== undefined && this.#run === run) this.#over()
  }

  /** Not open, or not any more. */
  #abandon(): void {
    const run = this.#run
    if (this.#told?.state === 'connecting') this.#told.destroy()
    if (this.#run === run) this.#over()
  }

  #over(failure?: Failure): void {
    const again = this.#leaving === 'again'
    const silent = this.#closeTold ? undefined : this.#told
    this.unsubscribe()
    this.#leaving = undefined
    this.connection = undefined
    this.#closeTold = true
    if (silent !== undefined) this.#pass(silentClose(silent, failure))
    this.lessee = undefined
    this.state = 'finished'
    this.#keeper.over(this, again, failure)
  }

  #turn(state: MemberState): void {
    this.state = state
    this.#keeper.changed(this)
  }

  #pass(event: Told): void {
    const { lessee } = this
    lessee?.hear(event)
    if (lessee === undefined || event.type !== 'packet') this.#keeper.tell(this, event)
  }

  /** The connection that its events are about from now on. */
  #dialled(inner: Connection<never>): LiveConnection {
    this.#told = this.#ours(inner)
    this.#closeTold = false
    return this.#told
  }

  #ours(inner: Connection<never>): LiveConnection {
    return this.#told?.wraps(inner) === true ? this.#told : new LiveConnection(inner as Connection<unknown>, this)
  }
}

/** One subscription to the stream of a member: what it tells counts as long as it is the latest. */
class Run implements Observer<AnyEvent> {
  subscription: Subscription | undefined
  readonly #member: LiveMember

  constructor(member: LiveMember) {
    this.#member = member
  }

  next(event: AnyEvent): void {
    this.#member.hear(this, event)
  }

  error(error: unknown): void {
    this.#member.ended(this, { error })
  }

  complete(): void {
    this.#member.ended(this)
  }
}
