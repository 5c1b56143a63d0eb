import type { Subscription } from 'rxjs'
import type { Connection, ConnectionEvent, ConnectionStream, Listener, PacketOf, TypedEvent } from 'sluice'
import { later } from './closing.js'

type Typed<E, Type> = Extract<E, { readonly type: Type }>

/** What an event carries that can be ended. */
interface Handles {
  readonly listener?: Listener
  readonly connection?: Connection
}

/** A subscription to a connection stream that remembers everything, and in which a spec can wait for what is to come. */
export class Watch<E extends TypedEvent = ConnectionEvent> {
  readonly events: E[] = []
  /** How the stream has ended, if it has. */
  ended: 'complete' | 'error' | undefined
  error: unknown
  readonly #reactions: ((event: E) => void)[]
  #subscription: Subscription | undefined
  #waiting: {
    readonly for: string
    readonly met: () => boolean
    readonly go: () => void
    readonly fail: () => void
  }[] = []

  constructor(stream: ConnectionStream<E>, react?: (event: E) => void) {
    this.#reactions = react === undefined ? [] : [react]
    later(() => {
      this.abort()
    })
    this.#subscription = stream.subscribe({
      next: event => {
        this.events.push(event)
        for (const reaction of this.#reactions) reaction(event)
        this.#look()
      },
      error: (error: unknown) => {
        this.ended = 'error'
        this.error = error
        this.#look()
      },
      complete: () => {
        this.ended = 'complete'
        this.#look()
      },
    })
  }

  get types(): string[] {
    return this.events.map(({ type }) => type)
  }

  /** The types of the events, packets that follow one another told once. */
  get story(): string[] {
    return this.types.filter((type, index, types) => type !== 'packet' || types[index - 1] !== 'packet')
  }

  get packets(): PacketOf<E>[] {
    return this.all('packet').map(event => (event as { readonly packet?: unknown }).packet as PacketOf<E>)
  }

  all<Type extends E['type']>(type: Type): Typed<E, Type>[] {
    return this.events.filter((event): event is Typed<E, Type> => event.type === type)
  }

  /** Does something at each further event, inside `next`. */
  react(reaction: (event: E) => void): void {
    this.#reactions.push(reaction)
  }

  /** Waits for the event of a type, or for the nth. */
  async next<Type extends E['type']>(type: Type, nth = 1): Promise<Typed<E, Type>> {
    await this.until(() => this.all(type).length >= nth, `${nth} × ${type}`)
    return this.all(type)[nth - 1] as Typed<E, Type>
  }

  /** Waits until something holds; it is looked at after each event. A stream that ends before is a failure. */
  until(met: () => boolean, what = 'what is awaited'): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        const cause = this.error
        reject(new Error(`${String(this.ended)} before ${what}, after ${this.story.join(' ') || 'nothing'}`, { cause }))
      }
      this.#waiting.push({ for: what, met, go: resolve, fail })
      this.#look()
    })
  }

  /** Waits for the end of the stream, and answers the error with which it ended. */
  async over(): Promise<unknown> {
    await this.until(() => this.ended !== undefined, 'the end')
    return this.error
  }

  unsubscribe(): void {
    this.#subscription?.unsubscribe()
  }

  /** Ends everything now. */
  abort(): void {
    for (const event of this.events as readonly Handles[]) {
      event.listener?.close()
      event.connection?.destroy()
    }
    this.unsubscribe()
  }

  #look(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wait of waiting) {
      if (wait.met()) wait.go()
      else if (this.ended !== undefined) wait.fail()
      else this.#waiting.push(wait)
    }
  }
}

export function watch<E extends TypedEvent>(stream: ConnectionStream<E>, react?: (event: E) => void): Watch<E> {
  return new Watch(stream, react)
}

/** The bytes of all packets of a watch, or of those of one connection. */
export function bytesOf({ events }: Watch, connection?: Connection): Buffer {
  return Buffer.concat(
    events.flatMap(event =>
      event.type === 'packet' && (connection === undefined || event.connection === connection) ? [event.packet] : [],
    ),
  )
}
