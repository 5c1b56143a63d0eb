import type { Connection } from '../connection/connection.js'
import { encoder, sendEncoded, sharesEncoder, type Encoder, type SendsEncoded } from '../connection/encoded.js'
import { handover, type Handover } from '../connection/handover.js'
import { WrappedConnection } from '../connection/wrap-connection.js'
import type { CloseWith } from './close-status.js'
import type { Message } from './message.js'
import type { WebSocketConnection } from './web-socket-connection.js'

/** What a connection has to know of its language. */
interface Speech<Out> {
  say(packet: Out): Message
  encoder(frames: Encoder<Message>): Encoder<Out>
}

/** As much of a WebSocket as there may be beneath. */
type Socket = Pick<WebSocketConnection<Message>, 'close'> & Partial<Pick<WebSocketConnection<Message>, 'protocol'>>

/** A connection that says in messages what it is sent. Over anything but a WebSocket it has no protocol. */
export class MessageConnection<Out>
  extends WrappedConnection<Out, Message>
  implements WebSocketConnection<Out>, SendsEncoded<Out>
{
  /** A message was not understood: none that follows is told. */
  broken = false
  readonly #speech: Speech<Out>

  constructor(inner: Connection<Message>, speech: Speech<Out>) {
    super(inner)
    this.#speech = speech
  }

  get protocol(): string {
    return this.#socket.protocol ?? ''
  }

  get [encoder](): Encoder<Out> | undefined {
    const frames = sharesEncoder(this.inner)?.[encoder]
    return frames && this.#speech.encoder(frames)
  }

  send(packet: Out): boolean {
    return this.inner.send(this.#speech.say(packet))
  }

  [sendEncoded](pieces: readonly Uint8Array[]): boolean {
    return sharesEncoder(this.inner)?.[sendEncoded](pieces) ?? false
  }

  override close(how?: 'local' | 'shutdown' | CloseWith): void {
    this.#socket.close(how)
  }

  giveUp(error: Error): void {
    this.broken = true
    this.destroy(error)
  }

  /** What is beneath is no wire of bytes. */
  override [handover](): Handover | undefined {
    return undefined
  }

  get #socket(): Socket {
    return this.inner
  }
}
