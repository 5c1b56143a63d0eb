import type { Connection } from '../connection/connection.js'
import type { Encoder } from '../connection/encoded.js'
import { MessageConnection } from './message-connection.js'
import type { Message } from './message.js'

/** What the messages of one operator mean. */
export class Language<In, Out> {
  /** Throws a `SluiceError` for what should not have come. */
  readonly understand: (message: Message) => In
  /** Throws a `TypeError` for what can't be said. */
  readonly say: (packet: Out) => Message

  #frames: Encoder<Message> | undefined
  #encoder: Encoder<Out> | undefined

  constructor(understand: (message: Message) => In, say: (packet: Out) => Message) {
    this.understand = understand
    this.say = say
  }

  over(connection: Connection<Message>): MessageConnection<Out> {
    return new MessageConnection(connection, this)
  }

  /** The same for all connections whose messages become bytes in the same way, so that what is for all of them is said once. */
  encoder(frames: Encoder<Message>): Encoder<Out> {
    if (this.#encoder === undefined || this.#frames !== frames) {
      this.#frames = frames
      this.#encoder = {
        encode: (packet, write) => {
          frames.encode(this.say(packet), write)
        },
      }
    }
    return this.#encoder
  }
}
