import { merge, of, type Observable } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import { packets, type Connection, type ConnectionEvent, type ConnectionStream } from 'sluice'
import { framed, lines, type Framed } from 'sluice/framing'
import {
  laws,
  marbles,
  memory,
  recordingConnection,
  type Candidate,
  type Law,
  type MemoryNetwork,
  type MemoryTransport,
  type RecordedCall,
  type RecordingConnection,
  type Script,
} from 'sluice/testing'
import { expectType } from '../support/types.js'

declare const helpers: RunHelpers
declare const count: number
declare const bytes: Uint8Array
const { cold, hot, at, expectEvents, expectSent } = marbles(helpers)

// Packets are the letters, or what the letters say.
expectType<Script>()(cold('-o-a'))
expectType<Observable<string>>()(cold('-o-a').pipe(packets()))
expectType<Observable<number>>()(hot('-o-a', { a: count }).pipe(packets()))
expectType<Observable<string>>()(cold('-o-t', { t: { type: 'close', reason: 'timeout' } }).pipe(packets()))
expectType<readonly RecordingConnection[]>()(cold('-o-a', { a: bytes }).connections)
const events: ConnectionStream<ConnectionEvent<string, Connection<string>>> = cold(['-o-a', '--o'])
// They may stand for those of a network, framed.
const dials: ConnectionStream<Framed<ConnectionEvent, string, string>>[] = [
  memory().connect({ port: 1 }).pipe(framed(lines())),
  cold('-o-a'),
]
expectEvents(merge(...dials)).toBe('-o-a')
expectEvents(events, '^---!').toBe(['-o-a', '--o'], {}, 'ECONNRESET')
expectSent(cold('-o')).toBe('--a')
expectSent(recordingConnection<number>()).toBe('--a', { a: 1 })
at('--a', { a: () => undefined })
// @ts-expect-error a letter stands for something to be done
at('--a', { a: 1 })
// @ts-expect-error a stream of no events has no diagram of events
expectEvents(of('a'))

// A recording connection is one, of what it sends.
send(recordingConnection<string>({ answer: packet => packet === '' }))
declare function send(connection: Connection<string>): void
expectType<readonly string[]>()(recordingConnection<string>().sent)
expectType<readonly RecordedCall<string>[]>()(recordingConnection<string>().calls)
// @ts-expect-error it records that by itself
recordingConnection({ sent: [] })

// A network is a transport, and each of its hosts is.
expectType<MemoryNetwork>()(memory({ latency: 5, chunk: [1, 3] }))
transport(memory())
transport(memory().host('a'))
declare function transport(of: MemoryTransport): void
expectType<ConnectionStream>()(memory().connect({ port: 1 }))
// @ts-expect-error a port is dialled
void memory().connect({ host: 'a' })
// @ts-expect-error there is no such option
memory({ lag: 5 })

// The laws are data, and a transport may be held against them.
expectType<readonly Law[]>()(laws)
const net = memory()
const candidate: Candidate = {
  listen: options => net.listen({ port: 0, ...options }),
  connect: ({ port = 0 }, options) => net.connect({ port, ...options }),
  open: () => net.open,
}
expectType<Promise<void> | undefined>()(laws[0]?.run(candidate))
