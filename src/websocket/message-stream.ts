import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { TypedEvent, WithPacket, WithSent } from '../connection/event.js'
import { asError } from '../connection/errors.js'
import { Inlet } from '../connection/inlet.js'
import { LIFE } from '../connection/life.js'
import { isControl, type ControlMessage, type Message } from './message.js'
import type { Language } from './language.js'
import type { MessageConnection } from './message-connection.js'

/** An event of a stream of messages, on whose connections `Sent` can be sent. */
export interface MessageStreamEvent<in Sent extends Message> extends TypedEvent {
  readonly connection?: Connection<Sent>
  readonly packet?: Message | ControlMessage
}

/** The events `E` of a stream of messages, with what the messages mean. */
export type Spoken<E, In, Out> = WithSent<WithPacket<E, In>, Out>

/**
 * One subscription to a stream whose messages mean something.
 *
 * A message is a packet or a fault: nothing waits here, so pausing is left to the connections below.
 */
class MessageStream<In, Out> extends Inlet<MessageStreamEvent<never>> {
  readonly #subscriber: Subscriber<object>
  readonly #language: Language<In, Out>
  readonly #connections = new Map<string, MessageConnection<Out>>()

  constructor(subscriber: Subscriber<object>, language: Language<In, Out>) {
    super()
    this.#subscriber = subscriber
    this.#language = language
  }

  protected take(event: MessageStreamEvent<never>): void {
    if (event.connection === undefined) {
      this.#subscriber.next(event)
      return
    }
    const connection = this.#speaking(event.connection, event.type)
    if (event.type === 'packet') this.#hear(connection, event.packet as Message | ControlMessage)
    else {
      if (event.type === 'close') this.#connections.delete(connection.id)
      if (event.type !== 'end' || !connection.broken) this.#subscriber.next({ ...event, connection })
    }
  }

  protected failed(error: unknown): void {
    this.#subscriber.error(error)
  }

  protected ended(): void {
    this.#subscriber.complete()
  }

  #hear(connection: MessageConnection<Out>, message: Message | ControlMessage): void {
    if (connection.broken || isControl(message)) return
    let packet: In
    try {
      packet = this.#language.understand(message)
    } catch (fault) {
      connection.giveUp(asError(fault))
      return
    }
    this.#subscriber.next({ type: 'packet', connection, packet })
  }

  #speaking(inner: Connection<never>, type: string): MessageConnection<Out> {
    const known = this.#connections.get(inner.id)
    if (known !== undefined) return known
    const connection = this.#language.over(inner as Connection<unknown>)
    if (LIFE.has(type)) this.#connections.set(inner.id, connection)
    return connection
  }
}

/** The operator that speaks a language. */
export function spoken<In, Out, E extends TypedEvent>(
  language: Language<In, Out>,
): OperatorFunction<E, Spoken<E, In, Out>> {
  return source =>
    new Observable<object>(subscriber => {
      const stream = new MessageStream(subscriber, language)
      subscriber.add(stream)
      source.subscribe(stream as Inlet<TypedEvent> as Inlet<E>)
    }) as Observable<unknown> as Observable<Spoken<E, In, Out>>
}
