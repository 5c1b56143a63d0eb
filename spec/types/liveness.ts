import type { Observable, OperatorFunction } from 'rxjs'
import {
  firstPacket,
  heartbeat,
  idleTimeout,
  packets,
  reconnect,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type HeartbeatEvent,
} from 'sluice'
import { framed, ndjson } from 'sluice/framing'
import { expectType } from '../support/types.js'

interface Weather {
  readonly type: 'weather'
  readonly celsius: number
}

type Text = ConnectionEvent<string, Connection<string>>

declare const bytes: ConnectionStream
declare const text: ConnectionStream<Text>
declare const merged: ConnectionStream<Text | Weather>

// Deadlines leave a stream as it is.
expectType<ConnectionStream>()(bytes.pipe(idleTimeout()))
expectType<typeof merged>()(merged.pipe(idleTimeout(60_000), firstPacket(5_000)))

// A heartbeat adds its event, on the connection of the stream.
expectType<Observable<ConnectionEvent | HeartbeatEvent>>()(bytes.pipe(heartbeat({ ping: () => new Uint8Array(1) })))
expectType<Observable<Text | Weather | HeartbeatEvent<Connection<string>>>>()(
  merged.pipe(heartbeat({ ping: () => 'PING', isPong: line => line.startsWith('PONG') })),
)
expectType<Observable<string>>()(text.pipe(heartbeat({ ping: () => 'PING' }), reconnect([100]), packets()))
expectType<Observable<string>>()(text.pipe(reconnect([100]), heartbeat({ ping: () => 'PING' }), packets()))

// It knows packets and connections.
void text.pipe(
  heartbeat({
    ping: connection => {
      expectType<Connection<string>>()(connection)
      return `PING ${connection.bytesRead}`
    },
    isPong: packet => {
      expectType<string>()(packet)
      return packet === 'PONG'
    },
  }),
)

// A ping that is one of several shapes is said without a cast, also in one pipe with what tells the shapes.
type Chat = { readonly type: 'ping' | 'pong' } | { readonly type: 'say'; readonly words: string[] }
void bytes.pipe(
  framed(ndjson<Chat>()),
  heartbeat({ ping: () => ({ type: 'ping' }), isPong: ({ type }) => type === 'pong' }),
)
void bytes.pipe(framed(ndjson<Chat>()), heartbeat({ ping: () => ({ type: 'say', words: ['still', 'there'] }) }))
// @ts-expect-error but it has one of them
void bytes.pipe(framed(ndjson<Chat>()), heartbeat({ ping: () => ({ type: 'pang' }) }))

// What comes behind it does not change what it is.
declare const behind: OperatorFunction<Text | HeartbeatEvent<Connection<string>>, number>
expectType<Observable<number>>()(text.pipe(heartbeat({ ping: () => 'PING' }), behind))

// @ts-expect-error a ping is what the connection sends
void text.pipe(heartbeat({ ping: () => 7 }))

// @ts-expect-error a pong is looked for among what arrives
void text.pipe(heartbeat({ ping: () => 'PING', isPong: (packet: number) => packet === 7 }))

// @ts-expect-error without a ping there is nothing to ask with
void text.pipe(heartbeat({ isPong: line => line === 'PONG' }))
