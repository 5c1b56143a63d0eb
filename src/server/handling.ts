import type { Observer, Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { Conversation } from './conversation.js'
import type { Received } from './reception.js'
import type { Handler } from './serve-options.js'

/** Lets a handler speak with each connection, while all that happens is told on. */
export class Handling implements Observer<Received> {
  readonly #subscriber: Subscriber<Received>
  readonly #handler: Handler<unknown>
  readonly #conversations = new Map<string, Conversation>()

  constructor(subscriber: Subscriber<Received>, handler: Handler<unknown>) {
    this.#subscriber = subscriber
    this.#handler = handler
  }

  next(event: Received): void {
    const subscriber = this.#subscriber
    switch (event.type) {
      case 'packet':
        subscriber.next(event)
        this.#with(event.connection)?.hear(event.packet)
        break
      case 'open':
        this.#open(event.connection, event)
        break
      case 'drain':
        this.#with(event.connection)?.drained()
        subscriber.next(event)
        break
      case 'end': {
        const tell = () => {
          subscriber.next(event)
        }
        const conversation = this.#with(event.connection)
        if (conversation === undefined) tell()
        else conversation.end(tell)
        break
      }
      case 'close':
        this.#with(event.connection)?.cancel()
        this.#conversations.delete(event.connection.id)
        subscriber.next(event)
        break
      default:
        subscriber.next(event)
    }
  }

  error(error: unknown): void {
    this.#subscriber.error(error)
  }

  complete(): void {
    this.#subscriber.complete()
  }

  finish(connection: Connection<never>): void {
    this.#with(connection)?.finish()
  }

  cancel(): void {
    for (const conversation of this.#conversations.values()) conversation.cancel()
  }

  #open(connection: Connection<never>, event: Received): void {
    const conversation = new Conversation(connection as Connection<unknown>)
    this.#conversations.set(connection.id, conversation)
    this.#subscriber.next(event)
    if (this.#subscriber.closed || this.#with(connection) === undefined) return
    conversation.start(packets => this.#handler(packets as never, connection as never))
  }

  #with({ id }: Connection<never>): Conversation | undefined {
    return this.#conversations.get(id)
  }
}
