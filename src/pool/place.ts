import { timer, type Observable, type Subscription } from 'rxjs'
import type { AnyEvent } from '../connection/event.js'
import { exponential } from '../reconnect/exponential.js'
import type { LiveMember } from './live-member.js'

/** The first and the longest wait before an endpoint that has failed is tried again for a lease, in milliseconds. */
const [SHORTEST, LONGEST] = [100, 10_000]

/** An endpoint, and its members. */
export class Place {
  readonly name: string
  readonly endpoint: unknown
  /** That of each of its members. */
  readonly stream: Observable<AnyEvent>
  readonly members = new Map<string, LiveMember>()
  /** Whether it is still one of the endpoints. */
  wanted = true
  /** No number below it is free. */
  #lowest = 1
  #delays: Iterator<number> | undefined
  #rest: Subscription | undefined
  #drawn = 0

  constructor(name: string, endpoint: unknown, stream: Observable<AnyEvent>) {
    this.name = name
    this.endpoint = endpoint
    this.stream = stream
  }

  /** Whether it is left alone for a while, since it has failed. */
  get rests(): boolean {
    return this.#rest !== undefined
  }

  /** How many members it has, and will have. */
  get size(): number {
    let size = 0
    for (const { stays } of this.members.values()) if (stays) size += 1
    return size
  }

  /** How many it has that are not finished, those included that are about to go. */
  get alive(): number {
    let alive = 0
    for (const { state } of this.members.values()) if (state !== 'finished') alive += 1
    return alive
  }

  /** Whether one is sent ahead, since it has failed. */
  get probes(): boolean {
    return this.#delays !== undefined && [...this.members.values()].some(({ underWay }) => underWay)
  }

  /** The id for one more member: the first number that is free. */
  freeId(): string {
    while (this.members.has(`${this.name}#${this.#lowest}`)) this.#lowest += 1
    return `${this.name}#${this.#lowest}`
  }

  delete({ id }: LiveMember): void {
    this.members.delete(id)
    this.#lowest = 1
  }

  works(): void {
    this.#wake()
    this.#delays = undefined
  }

  /**
   * Leaves it alone for a while, unless it works before.
   *
   * @param drawn how long that is, of what it may be: 0 to 1
   */
  fails(drawn: number, rested: () => void): Subscription {
    this.#drawn = drawn
    const random = (): number => this.#drawn
    this.#delays ??= exponential({ base: SHORTEST, floor: SHORTEST, cap: LONGEST, random })[Symbol.iterator]()
    this.#rest = timer(Number(this.#delays.next().value)).subscribe(() => {
      this.#wake()
      rested()
    })
    return this.#rest
  }

  #wake(): void {
    this.#rest?.unsubscribe()
    this.#rest = undefined
  }
}
