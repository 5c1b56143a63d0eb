import type { Observable } from 'rxjs'
import {
  dial,
  lifecycle,
  perConnection,
  type CloseEvent,
  type Connection,
  type ConnectionEvent,
  type ConnectionOf,
  type ConnectionStream,
  type PacketEvent,
  type PacketOf,
  type Transport,
  type TypedEvent,
  type WithConnection,
  type WithPacket,
  type WithSent,
} from 'sluice'
import { expectType } from '../support/types.js'

interface Beat {
  readonly type: 'beat'
  readonly connection: Connection<string>
}

declare const bytes: ConnectionStream
declare const lines: ConnectionStream<ConnectionEvent<string, Connection<string>>>
declare const beating: ConnectionStream<ConnectionEvent<string, Connection<string>> | Beat>
declare const event: ConnectionEvent

// An event says by its type what else it has.
if (event.type === 'packet') expectType<Uint8Array>()(event.packet)
if (event.type === 'close') expectType<CloseEvent>()(event)
// @ts-expect-error a listening port has no connection
if (event.type === 'listening') expectType<Connection>()(event.connection)

// A handle that takes less is no handle that takes more: sending is contravariant.
declare const takesText: Connection<string>
declare const takesBoth: Connection<string | number>
takesLess(takesBoth)
// @ts-expect-error it can't send numbers
takesMore(takesText)
declare function takesLess(connection: Connection<string>): void
declare function takesMore(connection: Connection<string | number>): void

// What is derived of events.
declare const packetOf: PacketOf<ConnectionEvent<number> | Beat>
expectType<number>()(packetOf)
declare const connectionOf: ConnectionOf<Beat>
expectType<Connection<string>>()(connectionOf)
declare const withPacket: WithPacket<PacketEvent<string, Connection<string>>, number>
expectType<PacketEvent<number, Connection<string>>>()(withPacket)
declare const withConnection: WithConnection<Beat, Connection<number>>['connection']
expectType<Connection<number>>()(withConnection)

// What else a connection has, it keeps when it is sent packets of another kind.
interface Named extends Connection<string> {
  readonly name: string
}
declare const sent: WithSent<Beat | PacketEvent<string, Named>, number>
if (sent.type === 'packet') {
  expectType<string>()(sent.connection.name)
  sent.connection.send(1)
  // @ts-expect-error: it sends numbers
  sent.connection.send('a')
} else expectType<Connection<number>>()(sent.connection)

// Operators keep what they do not change.
expectType<Observable<Beat | Exclude<ConnectionEvent<string, Connection<string>>, { readonly type: 'packet' }>>>()(
  beating.pipe(lifecycle()),
)
void lines.pipe(
  perConnection((packets, connection) => {
    expectType<Observable<string>>()(packets)
    expectType<Connection<string>>()(connection)
    return [1]
  }),
)
declare const numbered: PacketOf<WithPacket<ConnectionEvent<string, Connection<string>>, number>>
expectType<number>()(numbered)

// Dialling says what arrives and what is sent.
expectType<Observable<ConnectionEvent<string, Connection<number>>>>()(
  dial<string, number>({ address: 'far' }, {}, () => {
    throw new Error('never')
  }),
)
// @ts-expect-error there is no such option
void dial({ address: 'far' }, { halfopen: true }, () => undefined)

// A transport of bytes is one of events of bytes.
declare const transport: Transport<{ readonly port: number }>
expectType<ConnectionStream>()(transport.connect({ port: 1 }))
// @ts-expect-error a port is dialled
void transport.connect({ path: 'socket' })

operate(bytes)
declare function operate(stream: Observable<TypedEvent>): void
