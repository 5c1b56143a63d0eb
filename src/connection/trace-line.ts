import type { Connection, Endpoint } from './connection.js'
import type { AnyEvent, CloseEvent, RetryEvent, TypedEvent } from './event.js'

/** What an event says, on one line and without its connection's number. */
export function traceLine(event: TypedEvent, show: (packet: unknown) => string): string {
  const known = event as AnyEvent
  switch (known.type) {
    case 'listening':
      return `listening${place(known.listener.endpoint)}`
    case 'connecting':
      return `connecting${place(known.connection.remote)}`
    case 'open':
      return `open${place(known.connection.remote)}${known.session > 1 ? `, session ${known.session}` : ''}`
    case 'packet':
      return `packet ${show(known.packet)}`
    case 'close':
      return ended(known)
    case 'retry':
      return waiting(known)
    default:
      return event.type
  }
}

/** Whatever is in it, a line is one line: what a peer sends can't forge another, nor speak to the terminal. */
export function oneLine(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function place(endpoint: Endpoint | undefined): string {
  if (endpoint === undefined) return ''
  const { address, port } = endpoint
  const host = address.includes(':') ? `[${address}]` : address
  return port === undefined ? ` ${address}` : ` ${host}:${port}`
}

/** What a WebSocket's close has besides. */
interface Words {
  readonly code?: number
  readonly detail?: string
}

function ended({ reason, code, detail = '', error, bytesUnsent }: CloseEvent<Connection<never>> & Words): string {
  const why = [reason, code, detail, error === undefined ? '' : called(error)]
  const said = why.filter(word => word !== undefined && word !== '').join(' ')
  return `close ${said}${bytesUnsent > 0 ? `, ${bytesUnsent} B unsent` : ''}`
}

function waiting({ attempt, delay, cause }: RetryEvent): string {
  const wait = delay === Infinity ? 'when told to' : `in ${Math.round(delay)} ms`
  return `retry ${attempt} ${wait} after ${called(cause)}`
}

/** What went wrong by its code, an orderly `close` by its reason. */
function called(cause: unknown): string {
  const { error, code, reason, message } = Object(cause) as Readonly<Record<string, unknown>>
  return error === undefined ? String(code ?? message ?? reason ?? cause) : called(error)
}
