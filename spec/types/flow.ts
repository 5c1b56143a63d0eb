import { from, of, type Observable } from 'rxjs'
import {
  consume,
  iterate,
  packets,
  sendAll,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type DroppedEvent,
} from 'sluice'
import { expectType } from '../support/types.js'

interface Beat {
  readonly type: 'beat'
  readonly roundTrip: number
}

interface Price {
  readonly share: string
}

declare const bytes: ConnectionStream
declare const lines: ConnectionStream<ConnectionEvent<string, Connection<string>>>
declare const merged: ConnectionStream<ConnectionEvent<number, Connection<number>> | Beat>
declare const prices: ConnectionStream<ConnectionEvent<never, Connection<Price>>>
declare const pages: AsyncIterable<Uint8Array>
declare const ticks: Observable<Price>

// consume: results take the place of the packets, and all else stays.
expectType<ConnectionStream<ConnectionEvent<number, Connection<string>>>>()(
  lines.pipe(consume(line => of(line.length))),
)
expectType<ConnectionStream<ConnectionEvent<boolean>>>()(
  bytes.pipe(
    consume(async (chunk, connection) => {
      expectType<Uint8Array>()(chunk)
      expectType<Connection>()(connection)
      await Promise.resolve()
      return connection.send(chunk)
    }),
  ),
)
expectType<ConnectionStream<ConnectionEvent<string, Connection<number>> | Beat>>()(
  merged.pipe(consume(packet => [packet.toFixed()], { concurrency: 2, ordered: false })),
)
expectType<Observable<string>>()(
  merged.pipe(
    consume(packet => [packet.toFixed()]),
    packets(),
  ),
)

// A handler may be written apart.
const echo = (line: string, connection: Connection<string>): boolean[] => [connection.send(line)]
expectType<ConnectionStream<ConnectionEvent<boolean, Connection<string>>>>()(lines.pipe(consume(echo)))

// @ts-expect-error a line is no number
void lines.pipe(consume((packet: number) => of(packet)))

// iterate: what the stream emits.
expectType<AsyncIterable<ConnectionEvent>>()(iterate(bytes))
expectType<AsyncIterable<ConnectionEvent<number, Connection<number>> | Beat>>()(iterate(merged, { prefetch: 1 }))

// @ts-expect-error packets alone have no connection to hold
iterate(lines.pipe(packets()))

// sendAll: what the connections send, and `dropped` where something may be.
expectType<ConnectionStream>()(bytes.pipe(sendAll(() => pages, { end: 'close' })))
expectType<ConnectionStream<ConnectionEvent<string, Connection<string>>>>()(
  lines.pipe(
    sendAll(connection => {
      expectType<Connection<string>>()(connection)
      return [connection.id]
    }),
  ),
)
expectType<ConnectionStream<ConnectionEvent<never, Connection<Price>> | DroppedEvent<Connection<Price>>>>()(
  prices.pipe(
    sendAll(() => ticks, { overflow: { latestBy: ({ share }) => share }, size: ({ share }) => share.length }),
  ),
)
expectType<typeof merged>()(merged.pipe(sendAll(() => [1, 2])))
expectType<ConnectionStream<ConnectionEvent<number, Connection<number>> | Beat | DroppedEvent<Connection<number>>>>()(
  merged.pipe(sendAll(() => from([1, 2]), { overflow: 'fail' })),
)

// @ts-expect-error an Observable needs an overflow rule
void prices.pipe(sendAll(() => ticks))

// @ts-expect-error these connections send lines
void lines.pipe(sendAll(() => [1, 2]))

// @ts-expect-error there is no such rule
void prices.pipe(sendAll(() => ticks, { overflow: 'latest' }))
