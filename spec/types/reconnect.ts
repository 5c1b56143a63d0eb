import { defer, of, type Observable } from 'rxjs'
import {
  byCloseCode,
  exponential,
  limit,
  packets,
  reconnect,
  type BackoffPolicy,
  type CloseEvent,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type RetryEvent,
} from 'sluice'
import { expectType } from '../support/types.js'

interface Beat {
  readonly type: 'beat'
  readonly roundTrip: number
}

interface Goodbye extends CloseEvent {
  readonly code: number
}

interface Notice {
  readonly backInMs: number
}

declare const bytes: ConnectionStream
declare const notices: ConnectionStream<ConnectionEvent<Notice, Connection<string>>>
declare const merged: ConnectionStream<ConnectionEvent<number> | ConnectionEvent<string, Connection<string>> | Beat>
declare const messages: ConnectionStream<{ readonly type: 'packet'; readonly packet: string } | Goodbye>
declare const beats: ConnectionStream<Beat>

// What passes stays typed, and a list is a policy.
expectType<ConnectionStream>()(bytes.pipe(reconnect([100, 500])))
expectType<typeof merged>()(merged.pipe(reconnect(exponential())))
expectType<Observable<Beat | RetryEvent>>()(beats.pipe(reconnect(limit([100], { attempts: 1 }))))
expectType<Observable<number | string>>()(merged.pipe(reconnect([100]), packets()))
expectType<ConnectionStream>()(defer(() => bytes).pipe(reconnect(exponential(), { now: of('now') })))

// Options know the packets, and the close, of the stream they stand in.
void notices.pipe(reconnect([100], { hint: event => (event.type === 'packet' ? event.packet.backInMs : undefined) }))
void messages.pipe(
  reconnect([100], {
    classify: (error, close) => {
      expectType<unknown>()(error)
      expectType<Goodbye | undefined>()(close)
      return close?.code === 1008 ? 'stop' : undefined
    },
  }),
)

// A hint may be written for any stream.
const anyHint = (event: { readonly type: string }): number => event.type.length
void bytes.pipe(reconnect([100], { hint: anyHint }))

expectType<BackoffPolicy>()(exponential({ base: 1 }))

// @ts-expect-error text is no list of delays
void bytes.pipe(reconnect(['100']))

// @ts-expect-error there is no such verdict
void bytes.pipe(reconnect([100], { classify: () => 'never' }))

// @ts-expect-error hints come with packets and closes
void bytes.pipe(reconnect([100], { hint: event => (event.type === 'open' ? 1 : undefined) }))

// A table of close codes fits any stream, and those of WebSockets.
declare const goodbyes: ConnectionStream<ConnectionEvent | Goodbye>
void bytes.pipe(reconnect([100], { classify: byCloseCode({ 4000: 'stop' }) }))
void goodbyes.pipe(reconnect([100], { classify: byCloseCode({ 4000: 'stop' }) }))

// What a stream is said to be is no reason to take it for another.
const said: ConnectionStream = bytes.pipe(reconnect([100]))
expectType<ConnectionStream>()(said)
expectType<() => ConnectionStream>()((): ConnectionStream => bytes.pipe(reconnect(exponential())))
