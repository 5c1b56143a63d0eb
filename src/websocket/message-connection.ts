import type { Handover } from '../connection/handover.js'
import { handover } from '../connection/handover.js'
import { WrappedConnection } from '../connection/wrap-connection.js'
import type { CloseWith } from './close-status.js'
import type { Message } from './message.js'
import type { WebSocketConnection } from './web-socket-connection.js'

/** A connection that says in messages what it is sent. Over anything but a WebSocket it has no protocol. */
export abstract class MessageConnection<Out>
  extends WrappedConnection<Out, Message>
  implements WebSocketConnection<Out>
{
  /** A message was not understood: none that follows is told. */
  broken = false

  get protocol(): string {
    return this.#socket.protocol ?? ''
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

  get #socket(): Partial<Pick<WebSocketConnection<Message>, 'protocol'>> & Pick<WebSocketConnection<Message>, 'close'> {
    return this.inner
  }
}
