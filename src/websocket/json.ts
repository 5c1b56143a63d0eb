import type { Observable } from 'rxjs'
import { SluiceError } from '../connection/errors.js'
import { Language } from './language.js'
import { spoken, type MessageStreamEvent, type Spoken } from './message-stream.js'
import type { Message } from './message.js'
import { textOf } from './text.js'

/**
 * Speaks in JSON: each text is a value, and `send` takes values.
 *
 * What is no JSON closes its connection with `ERR_MESSAGE_ENCODING` (the peer is told 1007), a binary message with
 * `ERR_MESSAGE_KIND` (1003). The values are whatever the peer sent, so check them before you believe their type. Sending throws a
 * `TypeError` for what has no JSON (`undefined`, a function, a `BigInt`, a cycle). Control messages end here, as with `text`.
 *
 * @typeParam In what arrives, not checked
 *
 * @example
 * ```ts
 * webSocket.connect('ws://localhost:4000').pipe(json<Price, { follow: string }>()).subscribe(event => {
 *   if (event.type === 'open') event.connection.send({ follow: 'ACME' })
 *   if (event.type === 'packet') console.log(event.packet.share)
 * })
 * ```
 */
export function json<In = unknown, Out = In>(): <E extends MessageStreamEvent<string>>(
  source: Observable<E>,
) => Observable<Spoken<E, In, Out>> {
  return source => source.pipe(spoken(new Language(valueOf as (message: Message) => In, said)))
}

function valueOf(message: Message): unknown {
  const text = textOf(message)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SluiceError('ERR_MESSAGE_ENCODING', 'a text is no JSON', { cause })
  }
}

function said(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`a connection of JSON sends what has JSON, not ${typeof value}`)
  return text
}
