import type { OperatorFunction } from 'rxjs'
import { wrongKind } from './faults.js'
import { Language } from './language.js'
import { spoken, type MessageStreamEvent, type Spoken } from './message-stream.js'
import type { Message } from './message.js'
import type { WebSocketEvent } from './web-socket-event.js'

/**
 * Speaks in texts: packets are strings, and `send` takes strings.
 *
 * A binary message closes its connection with `ERR_MESSAGE_KIND`, and the peer is told 1003. Control messages end here: what looks
 * at them, such as `heartbeat(pings)`, stands before it.
 *
 * @example An echo client
 * ```ts
 * webSocket.connect('ws://localhost:4000').pipe(text()).subscribe(event => {
 *   if (event.type === 'packet') event.connection.send(event.packet.toUpperCase())
 * })
 * ```
 */
export function text<E extends MessageStreamEvent<string> = WebSocketEvent>(): OperatorFunction<
  E,
  Spoken<E, string, string>
> {
  return spoken(new Language(textOf, said))
}

export function textOf(message: Message): string {
  if (typeof message !== 'string') throw wrongKind('a binary message', 'texts')
  return message
}

function said(text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`a connection of texts sends a string, not ${typeof text}`)
  return text
}
