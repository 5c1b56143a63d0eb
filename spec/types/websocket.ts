import { pipe, type Observable } from 'rxjs'
import {
  heartbeat,
  packets,
  reconnect,
  type CloseEvent,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type HeartbeatEvent,
} from 'sluice'
import { framed, lengthField, lines } from 'sluice/framing'
import {
  binary,
  json,
  messages,
  pings,
  text,
  topics,
  type AcceptedConnection,
  type ControlMessage,
  type Message,
  type WebSocketConnection,
  type WebSocketEvent,
} from 'sluice/websocket'
import { expectType } from '../support/types.js'

type Socket = WebSocketConnection<Message | ControlMessage>

declare const plain: ConnectionStream<WebSocketEvent<Message, Socket>>
declare const control: ConnectionStream<WebSocketEvent<Message | ControlMessage, Socket>>
declare const browser: ConnectionStream<WebSocketEvent<Message>>
declare const bytes: ConnectionStream
declare const strings: ConnectionStream<ConnectionEvent<string, Connection<string>>>

interface Price {
  readonly share: string
}

// The messages alone.
expectType<Observable<Message>>()(plain.pipe(messages()))
expectType<Observable<Message>>()(control.pipe(messages()))
expectType<Observable<Price>>()(control.pipe(json<Price>(), messages()))

// What they mean, in both directions; a WebSocket stays one, and its close keeps its code.
for (const stream of [plain, browser]) {
  stream.pipe(text()).subscribe(event => {
    if (event.type === 'packet') {
      expectType<string>()(event.packet)
      expectType<boolean>()(event.connection.send(event.packet))
      expectType<string>()(event.connection.protocol)
      event.connection.close({ code: 4000, detail: 'bye' })
      // @ts-expect-error: it is a connection of texts
      event.connection.send(new Uint8Array())
    }
    if (event.type === 'close') expectType<number>()(event.code)
  })
}

// They are values, too, that several streams may share, on their own or in front of other operators.
const ofTexts = text()
const ofFrames = pipe(binary(), framed(lines()), reconnect([100]))
expectType<Observable<string>>()(plain.pipe(ofTexts, packets()))
expectType<Observable<string>>()(browser.pipe(ofTexts, packets()))
expectType<Observable<string>>()(control.pipe(ofFrames, packets()))

control.pipe(binary()).subscribe(event => {
  if (event.type !== 'packet') return
  expectType<Uint8Array>()(event.packet)
  event.connection.send(event.packet)
  // @ts-expect-error: it is a connection of bytes
  event.connection.send('text')
})

control.pipe(json<Price, { follow: string }>(), reconnect([100])).subscribe(event => {
  if (event.type === 'packet') expectType<Price>()(event.packet)
  if (event.type === 'open') {
    event.connection.send({ follow: 'ACME' })
    // @ts-expect-error: this is not what we say
    event.connection.send({ share: 'ACME' })
  }
})
expectType<Observable<unknown>>()(plain.pipe(json(), packets()))

// What a server knows of a client stays known.
declare const accepted: ConnectionStream<WebSocketEvent<Message, AcceptedConnection<{ readonly user: string }>>>
accepted.pipe(json<Price>(), reconnect([100])).subscribe(event => {
  if (event.type !== 'packet') return
  expectType<string>()(event.connection.context.user)
  event.connection.send(event.packet)
  event.connection.close({ code: 4000 })
})

// And behind a codec, too.
accepted.pipe(binary(), framed(lines()), reconnect([100])).subscribe(event => {
  if (event.type === 'close') expectType<number>()(event.code)
  if (event.type !== 'packet') return
  expectType<string>()(event.packet)
  expectType<string>()(event.connection.context.user)
  expectType<string>()(event.connection.protocol)
  event.connection.close({ code: 4000 })
  takes(event.connection)
  // @ts-expect-error: it is a connection of lines
  event.connection.send(new Uint8Array())
})
declare function takes(connection: AcceptedConnection<{ readonly user: string }, string>): void

// Over anything else it is a connection like any other.
strings.pipe(text()).subscribe(event => {
  if (event.type === 'close') expectType<Omit<CloseEvent<Connection<string>>, 'connection'>['reason']>()(event.reason)
  // @ts-expect-error: it has no protocol
  if (event.type === 'open') console.log(event.connection.protocol)
})
// @ts-expect-error: bytes are no texts
void bytes.pipe(text())

// Any codec follows.
expectType<Observable<Uint8Array>>()(plain.pipe(binary(), framed(lengthField()), packets()))
expectType<Observable<string>>()(control.pipe(binary(), framed(lines()), packets()))
expectType<Observable<string>>()(bytes.pipe(binary(), framed(lines()), packets()))

// Pings, where they can be sent.
expectType<typeof control extends Observable<infer E> ? Observable<E | HeartbeatEvent<Socket>> : never>()(
  control.pipe(heartbeat(pings)),
)
expectType<Observable<string>>()(plain.pipe(heartbeat({ ...pings, interval: 10_000 }), text(), packets()))
// @ts-expect-error: a browser can't ping
void browser.pipe(heartbeat(pings))

// Topics know what arrives and what can be sent.
const feed = topics(plain.pipe(json<Price, { follow: string }>(), reconnect([100])), {
  subscribe: follow => ({ follow }),
  topicOf: price => price.share,
})
expectType<Observable<Price>>()(feed.topic('ACME'))
topics(plain.pipe(json<Price, { follow: string }>()), {
  // @ts-expect-error: this is not what we say
  subscribe: share => ({ share }),
  topicOf: price => price.share,
})
