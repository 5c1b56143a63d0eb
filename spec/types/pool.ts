import type { Observable } from 'rxjs'
import {
  packets,
  reconnect,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type RetryEvent,
} from 'sluice'
import { framed, lines } from 'sluice/framing'
import {
  byKey,
  group,
  pool,
  supervised,
  type ConnectionGroup,
  type Lease,
  type Member,
  type MemberConnection,
  type Plan,
  type Pool,
  type PoolState,
} from 'sluice/pool'
import type { WebSocketConnection, WebSocketEvent } from 'sluice/websocket'
import { expectType } from '../support/types.js'

declare const bytes: ConnectionStream

type Text = ConnectionEvent<string, Connection<string>>
declare const text: ConnectionStream<Text>

// A group is a stream of the same events, and knows what its connections send.
const room = group(text)
expectType<ConnectionGroup<Text>>()(room)
expectType<Observable<string>>()(room.pipe(packets()))
expectType<readonly Connection<string>[]>()(room.connections)
expectType<Connection<string> | undefined>()(room.connection('id'))
expectType<Observable<string>>()(group(bytes.pipe(framed(lines()), reconnect([100]))).pipe(packets()))
room.broadcast('hello', { except: room.connections[0] ?? ({} as Connection<string>), overflow: 'skip' })

// @ts-expect-error what is broadcast is what the connections send
room.broadcast(7)
// @ts-expect-error a connection that is behind fails or skips
room.broadcast('hello', { overflow: 'wait' })

// A plan is a list, or whatever can be iterated again and again; it leaves the events as they are.
const plan: Plan = ['restart', { restartAfter: 10 }, (_cause, count) => (count < 5 ? 'wait' : { stop: 'enough' })]
expectType<Observable<Text | RetryEvent>>()(text.pipe(supervised(plan, { rounds: Infinity })))
expectType<() => ConnectionStream>()((): ConnectionStream => bytes.pipe(supervised(plan)))
void text.pipe(supervised(new Set(['restart', 'delete'] as const)))

// @ts-expect-error a step is one of five
void text.pipe(supervised(['again']))
// @ts-expect-error a function answers a step, and no function
void text.pipe(supervised([() => () => 'restart']))

// A pool of one stream, or of one to each endpoint; its connections know which.
interface Server {
  readonly host: string
  readonly port: number
  readonly weight: number
}
declare const to: (server: Server) => ConnectionStream<Text>
declare const servers: Observable<readonly Server[]>
declare const list: readonly Server[]

const one = pool(text, { size: 2 })
expectType<Pool<Text>>()(one)
expectType<Observable<string>>()(one.pipe(packets()))
expectType<Pool<Text, Server>>()(pool(to, { endpoints: list, size: 2, select: byKey(line => line.length) }))
const many = pool(to, { endpoints: servers, size: 2 })
expectType<boolean>()(many.send('hello'))
expectType<MemberConnection<string, Server> | undefined>()(many.pick('hello'))
expectType<readonly MemberConnection<string, Server>[]>()(many.connections)
expectType<readonly Member<string, Server>[]>()(many.members)
expectType<number | undefined>()(many.connections[0]?.endpoint.weight)
many.subscribe(event => {
  if (event.type === 'packet') expectType<string>()(event.packet)
  if (event.type === 'packet') expectType<MemberConnection<string, Server>>()(event.connection)
  if (event.type === 'finished') expectType<Member<string, Server>>()(event.member)
})
expectType<Observable<PoolState>>()(many.state)
expectType<Observable<Lease<Text, Server>>>()(many.lease())
many.lease().subscribe(({ connection, events }) => {
  expectType<MemberConnection<string, Server>>()(connection)
  expectType<Observable<string>>()(events.pipe(packets()))
})
void group(one).pipe(reconnect([100]))
void pool((port: number) => to({ host: 'a', port, weight: 1 }), { endpoints: [1, 2], size: 2 })

declare const rooms: ConnectionStream<WebSocketEvent<string, WebSocketConnection<string>>>
pool(rooms, { size: 2 }).subscribe(event => {
  if (event.type !== 'packet') return
  expectType<string>()(event.connection.protocol)
  event.connection.close({ code: 4000 })
  expectType<number>()(event.connection.session)
})

// @ts-expect-error it sends what its members send
one.send(7)
// @ts-expect-error a function needs endpoints
void pool(to, { size: 2 })
// @ts-expect-error a stream has no endpoints
void pool(text, { size: 2, endpoints: list })
// @ts-expect-error the size is what a pool is about
void pool(text, {})
