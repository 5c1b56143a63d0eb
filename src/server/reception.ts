import type { Observer, Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError, SluiceError } from '../connection/errors.js'
import type { AnyEvent, CloseEvent, OpenEvent } from '../connection/event.js'
import { Addresses } from './addresses.js'
import type { Doors } from './doors.js'
import type { RefusedEvent, ServeOptions } from './serve-options.js'
import type { RefusalCause } from './server-info.js'

/** How many may be told at once why they are refused. More are refused without a word. */
const FAREWELLS = 1_000

/** One that is connected, and of which nothing is told until there is room. */
interface Waiting {
  readonly open: OpenEvent<Connection<never>>
  readonly hold: Subscription
}

/** What a reception tells: the events of whom it has let in, and whom it has not. */
export type Received = AnyEvent | RefusedEvent<Connection<never>>

/** Who is told what changes at a reception. */
export interface Keeper {
  /** A guest's close has been told. */
  gone(close: CloseEvent<Connection<never>>): void
  /** Who is there, or what was counted. */
  changed(): void
}

/** Lets connections in, one after the other and not too many, and counts them. */
export class Reception implements Observer<AnyEvent> {
  readonly guests = new Map<string, Connection<never>>()
  peak = 0
  accepted = 0
  left = 0
  readonly refused: Record<RefusalCause, number> = { full: 0, address: 0, draining: 0 }

  readonly #told: Observer<Received>
  readonly #doors: Doors
  readonly #most: number
  readonly #refuses: boolean
  readonly #listenBelow: number
  readonly #refusal: ((cause: RefusalCause, connection: never) => never) | undefined
  readonly #addresses: Addresses
  readonly #waiting = new Map<string, Waiting>()
  /** Those that were refused and are not closed yet. */
  readonly #leaving = new Set<string>()
  readonly #keeper: Keeper
  #closed = false
  /** A port would be bound again (`supervised`) though nobody is to be let in any more. */
  #restarts = false
  /** Of those that have closed. */
  #bytesRead = 0
  #bytesWritten = 0

  constructor(told: Observer<Received>, doors: Doors, options: ServeOptions<unknown>, keeper: Keeper) {
    const { maxConnections = Infinity, whenFull = 'wait', maxPerAddress = Infinity, refusal } = options
    const { listenBelow = whenFull === 'close' ? Math.ceil(maxConnections * 0.9) : maxConnections } = options
    this.#told = told
    this.#doors = doors
    this.#most = maxConnections
    this.#refuses = whenFull === 'refuse'
    this.#listenBelow = Math.min(listenBelow, maxConnections)
    this.#refusal = refusal
    this.#addresses = new Addresses(maxPerAddress)
    this.#keeper = keeper
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get bytesRead(): number {
    return this.#sum(this.#bytesRead, ({ bytesRead }) => bytesRead)
  }

  get bytesWritten(): number {
    return this.#sum(this.#bytesWritten, ({ bytesWritten }) => bytesWritten)
  }

  next(event: AnyEvent): void {
    if (event.type === 'open') this.#receive(event)
    else if (event.type === 'close') this.#seeOff(event)
    else if (event.type === 'listening') {
      this.#doors.add(event.listener)
      this.#told.next(event)
      this.#keeper.changed()
    } else if (!this.#isOutside(event)) this.#told.next(event)
    if (event.type === 'retry' && this.#closed) this.#restarts = true
    if (this.#restarts) this.#completeWhenEmpty()
  }

  error(error: unknown): void {
    this.#told.error(error)
  }

  complete(): void {
    this.#told.complete()
  }

  /** Lets nobody in any more, those who wait neither. */
  close(): void {
    this.#closed = true
    this.#doors.close()
    for (const { open, hold } of this.#waiting.values()) {
      this.#waiting.delete(open.connection.id)
      this.#refuse(open.connection, 'draining')
      hold.unsubscribe() // Not before: what it has sent is told to nobody.
    }
  }

  get #full(): boolean {
    return this.guests.size >= this.#most
  }

  #receive(open: OpenEvent<Connection<never>>): void {
    const { connection } = open
    if (this.#closed) this.#refuse(connection, 'draining')
    else if (!this.#addresses.enter(connection)) this.#refuse(connection, 'address')
    else if (!this.#full) this.#admit(open)
    else if (this.#refuses) this.#refuse(connection, 'full')
    else this.#wait(open)
    this.#keeper.changed()
  }

  #admit(open: OpenEvent<Connection<never>>): void {
    this.guests.set(open.connection.id, open.connection)
    this.accepted += 1
    this.peak = Math.max(this.peak, this.guests.size)
    if (this.#full && !this.#refuses) this.#doors.shut('full')
    this.#told.next(open)
  }

  /** It was on its way when the doors were shut, or somebody else has opened them. */
  #wait(open: OpenEvent<Connection<never>>): void {
    this.#waiting.set(open.connection.id, { open, hold: open.connection.pause() })
    this.#doors.shut('full')
  }

  #refuse(connection: Connection<never>, cause: RefusalCause): void {
    this.refused[cause] += 1
    this.#addresses.leave(connection)
    const silent = this.#leaving.size >= FAREWELLS
    this.#leaving.add(connection.id)
    try {
      if (silent || this.#refusal === undefined) connection.destroy(refused(cause))
      else connection.send(this.#refusal(cause, connection as never))
    } catch (thrown) {
      connection.destroy(handlerError('the refusal of serve', thrown))
    }
    connection.close()
    this.#told.next({ type: 'refused', connection, cause })
  }

  #seeOff(close: CloseEvent<Connection<never>>): void {
    const { connection } = close
    this.#bytesRead += connection.bytesRead
    this.#bytesWritten += connection.bytesWritten
    if (this.#leaving.delete(connection.id)) return
    this.#addresses.leave(connection)
    if (this.#waiting.delete(connection.id)) this.left += 1
    else if (this.guests.delete(connection.id)) {
      this.#told.next(close)
      this.#keeper.gone(close)
      this.#letIn()
    } else this.#told.next(close) // It was never open: its handshake has failed.
    this.#keeper.changed()
  }

  /** Those who wait come first; the doors are opened when there are none left. */
  #letIn(): void {
    for (const [id, { open, hold }] of this.#waiting) {
      if (this.#full) return
      this.#waiting.delete(id)
      this.#admit(open)
      hold.unsubscribe()
    }
    if (this.guests.size < this.#listenBelow) this.#doors.open('full')
  }

  #completeWhenEmpty(): void {
    if (this.guests.size + this.#waiting.size + this.#leaving.size === 0) this.#told.complete()
  }

  #isOutside(event: AnyEvent): boolean {
    if (this.#waiting.size + this.#leaving.size === 0 || !('connection' in event)) return false
    const { id } = event.connection
    return this.#waiting.has(id) || this.#leaving.has(id)
  }

  #sum(closed: number, bytes: (connection: Connection<never>) => number): number {
    let sum = closed
    for (const connection of this.guests.values()) sum += bytes(connection)
    return sum
  }
}

const why: Readonly<Record<RefusalCause, string>> = {
  full: 'the server is full',
  address: 'too many are there from this address',
  draining: 'the server is being drained',
}

/** Where a transport can, the peer is told. */
function refused(cause: RefusalCause): SluiceError {
  return new SluiceError('ERR_REFUSED', why[cause])
}
