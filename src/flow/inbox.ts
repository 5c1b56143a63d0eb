import type { Connection } from '../connection/connection.js'
import type { AnyEvent, TypedEvent } from '../connection/event.js'
import { LIFE } from '../connection/life.js'
import { Brake } from './brake.js'

/**
 * How many events may wait in all. Packets are held back long before: this is for what can't be, such as peers that
 * come and go.
 */
export const MOST_WAITING = 65_536

/** Where the events of a stream wait until they are taken, one by one, and their connections wait with them. */
export class Inbox<E extends TypedEvent> {
  readonly #prefetch: number
  readonly #connections = new Map<string, Share>()
  /** What came, and, turned round when all before it is taken, what is to be taken. */
  #arrived: E[] = []
  #next: E[] = []
  /** Of the connection whose end was taken last: it may still be in work. */
  #ending: Brake | undefined

  constructor(prefetch: number) {
    this.#prefetch = prefetch
  }

  /** `false` when there is no room. */
  put(event: E): boolean {
    if (this.#arrived.length + this.#next.length >= MOST_WAITING) return false
    this.#arrived.push(event)
    const seen = event as TypedEvent as AnyEvent
    const held = heldBack(seen)
    if (held !== undefined) this.#shareOf(held).add(1)
    else if (seen.type === 'end') this.#shareOf(seen.connection).brake.keep()
    return true
  }

  /** The oldest event, for one who is done with those before. */
  take(): E | undefined {
    this.#ending?.release()
    this.#ending = undefined
    if (this.#next.length === 0) {
      this.#next = this.#arrived.reverse()
      this.#arrived = []
    }
    const event = this.#next.pop()
    if (event === undefined) return undefined
    const seen = event as TypedEvent as AnyEvent
    const held = heldBack(seen)
    if (held !== undefined) this.#taken(held, seen.type)
    else if (seen.type === 'end') this.#ending = this.#shareOf(seen.connection).brake
    else if (seen.type === 'close') this.#connections.delete(seen.connection.id)
    return event
  }

  clear(): void {
    this.#arrived = []
    this.#next = []
    for (const { brake } of this.#connections.values()) brake.release()
    this.#connections.clear()
  }

  #taken({ id }: Connection<never>, type: string): void {
    const share = this.#connections.get(id)
    share?.add(-1)
    // What operators tell may come after the close, and then nothing else would forget the connection.
    if (share?.idle === true && type !== 'packet') this.#connections.delete(id)
  }

  #shareOf(connection: Connection<never>): Share {
    let share = this.#connections.get(connection.id)
    if (share === undefined) this.#connections.set(connection.id, (share = new Share(connection, this.#prefetch)))
    return share
  }
}

/** The connection whose pause holds back others like it: packets, and what operators tell in the place of some. */
function heldBack(event: AnyEvent): Connection<never> | undefined {
  return 'connection' in event && (event.type === 'packet' || !LIFE.has(event.type)) ? event.connection : undefined
}

/** One connection's packets in the inbox. */
class Share {
  readonly brake: Brake
  #waiting = 0

  constructor(connection: Connection<never>, prefetch: number) {
    this.brake = new Brake(connection, prefetch)
  }

  get idle(): boolean {
    return this.#waiting === 0 && !this.brake.holds
  }

  add(packets: 1 | -1): void {
    this.#waiting += packets
    this.brake.waiting(this.#waiting)
  }
}
