import type { OperatorFunction } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { copied, copiedBy, type Copies } from '../connection/copied.js'
import { notBytes, sendWhole, type SendsWhole } from '../connection/encoded.js'
import { joined } from '../connection/joined.js'
import { wrongKind } from './faults.js'
import { Language } from './language.js'
import { MessageConnection } from './message-connection.js'
import { spoken, type MessageStreamEvent, type Spoken } from './message-stream.js'
import type { Message } from './message.js'
import type { WebSocketEvent } from './web-socket-event.js'

/**
 * Speaks in bytes: packets are binary messages, and `send` takes bytes, so that any codec may follow.
 *
 * Behind `framed` each packet that is sent is one message; what arrives may be cut anywhere, as over TCP. A text closes its
 * connection with `ERR_MESSAGE_KIND`, and the peer is told 1003. Control messages end here: what looks at them, such as
 * `heartbeat(pings)`, stands before it.
 *
 * @example A codec over a WebSocket
 * ```ts
 * webSocket.connect('ws://localhost:4000').pipe(binary(), framed(lengthField()), packets()).subscribe(console.log)
 * ```
 */
export function binary<E extends MessageStreamEvent<Uint8Array> = WebSocketEvent>(): OperatorFunction<
  E,
  Spoken<E, Uint8Array, Uint8Array>
> {
  return spoken(new Bytes(bytesOf, said))
}

class Bytes extends Language<Uint8Array, Uint8Array> {
  override over(connection: Connection<Message>): BinaryConnection {
    return new BinaryConnection(connection, this)
  }
}

class BinaryConnection extends MessageConnection<Uint8Array> implements Copies, SendsWhole {
  get [copied](): number {
    return copiedBy(this.inner)
  }

  [sendWhole](pieces: readonly Uint8Array[]): boolean {
    return this.inner.send(joined(pieces))
  }
}

function bytesOf(message: Message): Uint8Array {
  if (typeof message === 'string') throw wrongKind('a text', 'bytes')
  return message
}

function said(bytes: unknown): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw notBytes(bytes)
  return bytes
}
