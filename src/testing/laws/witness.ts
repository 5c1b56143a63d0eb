import { Subject, takeUntil } from 'rxjs'
import { asError } from '../../connection/errors.js'
import type { ConnectionEvent, ConnectionStream } from '../../connection/event.js'
import { joined } from '../../connection/joined.js'

/** An event of a type. */
export type EventOf<Type extends ConnectionEvent['type']> = Extract<ConnectionEvent, { readonly type: Type }>

/** What is done inside of `next`. */
export type React = (event: ConnectionEvent, witness: Witness) => void

/** A subscriber that remembers what it was told, and with which a case waits for what it will be told. */
export class Witness {
  readonly events: ConnectionEvent[] = []
  /** How it ended, if it has. */
  outcome: 'completed' | 'errored' | 'left' | undefined
  error: unknown
  /** How many bytes have arrived. */
  received = 0
  /** What was told inside of `next`, against law 11. */
  readonly nested: ConnectionEvent[] = []

  readonly #left = new Subject<void>()
  readonly #changes = new Subject<void>()
  #fault: Error | undefined
  #inNext = false

  constructor(stream: ConnectionStream, react: React = () => {}) {
    stream.pipe(takeUntil(this.#left)).subscribe({
      next: event => {
        this.events.push(event)
        if (event.type === 'packet') this.received += event.packet.length
        if (this.#inNext) this.nested.push(event)
        else this.#react(event, react)
        this.#changes.next()
      },
      error: (error: unknown) => {
        this.outcome = 'errored'
        this.error = error
        this.#changes.next()
      },
      complete: () => {
        this.outcome ??= 'completed'
        this.#changes.next()
      },
    })
  }

  /** What it was told, in short. */
  get summary(): string {
    return summary(this.events)
  }

  /** Unsubscribes. */
  leave(): void {
    this.outcome ??= 'left'
    this.#left.next()
  }

  /** The first event of a type, or the nth, as soon as it is there. */
  async next<Type extends ConnectionEvent['type']>(type: Type, nth = 1): Promise<EventOf<Type>> {
    await this.until(() => this.all(type).length >= nth, nth === 1 ? type : `${nth} × ${type}`)
    return this.all(type)[nth - 1] as EventOf<Type>
  }

  all<Type extends ConnectionEvent['type']>(type: Type): readonly EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type)
  }

  /** Until it has completed or errored. */
  async end(): Promise<void> {
    await this.until(() => this.outcome !== undefined, 'its end')
  }

  /** All that has arrived, once that are so many bytes. */
  async bytes(count: number): Promise<Uint8Array> {
    await this.until(() => this.received >= count, `${count} bytes`)
    return joined(this.all('packet').map(({ packet }) => packet))
  }

  /** Until something is so. It rejects if the stream ends first, or if what was done inside of `next` threw. */
  until(isSo: () => boolean, wanted: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#fault !== undefined) reject(this.#fault)
        else if (isSo()) resolve()
        else if (this.outcome === undefined) return
        else reject(new Error(`${this.outcome} before ${wanted}, after ${this.summary}`, { cause: this.error }))
        changes.unsubscribe()
      }
      const changes = this.#changes.subscribe(look)
      look()
    })
  }

  #react(event: ConnectionEvent, react: React): void {
    this.#inNext = true
    try {
      react(event, this)
    } catch (thrown) {
      this.#fault ??= asError(thrown)
    }
    this.#inNext = false
  }
}

/** What a stream has told, with packets that follow each other as one. */
export function summary(events: readonly ConnectionEvent[]): string {
  const words = events.map(event => (event.type === 'close' ? `close:${event.reason}` : event.type))
  return words.filter((word, index) => word !== 'packet' || words[index - 1] !== 'packet').join(' ')
}
