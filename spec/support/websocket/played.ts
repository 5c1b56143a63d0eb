import { Subject, type OperatorFunction } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import type { ControlMessage, Message, WebSocketConnection } from 'sluice/websocket'
import { recordingConnection, type RecordingConnection } from 'sluice/testing'
import { story } from '../byte-wire.js'

type Came = Message | ControlMessage
type MessageEvents = ConnectionEvent<Came, Connection<Came>>

/** What came, and what was said to it, on a stream of messages whose events the test makes up. */
export interface Played<Out> {
  /** A message arrives. */
  readonly receive: (message: Came) => void
  readonly events: Subject<MessageEvents>
  readonly inner: RecordingConnection<Came> & { protocol?: string }
  /** The handle behind the operator. */
  readonly connection: WebSocketConnection<Out>
  /** All events, in a word or two each, since the `open`. */
  readonly told: string[]
  readonly packets: unknown[]
}

/** A connection that is open behind an operator over messages. */
export function played<Out>(operator: OperatorFunction<MessageEvents, { readonly type: string }>): Played<Out> {
  const events = new Subject<MessageEvents>()
  const inner = recordingConnection<Came>()
  const told: string[] = []
  const packets: unknown[] = []
  let connection: WebSocketConnection<Out> | undefined
  events.pipe(operator).subscribe({
    next(event) {
      const { type, packet, ...rest } = event as unknown as { type: string; packet?: unknown; connection?: unknown }
      connection ??= rest.connection as WebSocketConnection<Out>
      if (type === 'packet') packets.push(packet)
      told.push(...story([event]))
    },
    error: (error: unknown) => told.push(`error ${String(error)}`),
    complete: () => told.push('complete'),
  })
  events.next({ type: 'open', connection: inner, session: 1 })
  if (connection === undefined) throw new Error('the operator did not pass the open')
  told.length = 0
  return {
    events,
    inner,
    connection,
    told,
    packets,
    receive(packet) {
      events.next({ type: 'packet', connection: inner, packet })
    },
  }
}

/** What was asked of a connection, in a word or two each. */
export function asked({ calls }: RecordingConnection<Came>): unknown[] {
  return calls.map(call => {
    if (call.call === 'send') return call.packet
    if (call.call === 'destroy') return `destroy ${String((call.error as { code?: string } | undefined)?.code)}`
    return call.call === 'close' ? call.reason : call.call
  })
}
