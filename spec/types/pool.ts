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
import { group, supervised, type ConnectionGroup, type Plan } from 'sluice/pool'
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
void text.pipe(supervised(new Set(['restart', 'delete'] as const)))

// @ts-expect-error a step is one of five
void text.pipe(supervised(['again']))
// @ts-expect-error a function answers a step, and no function
void text.pipe(supervised([() => () => 'restart']))
