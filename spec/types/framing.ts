import { concatMap, filter, map, merge, of, pipe, type Observable } from 'rxjs'
import {
  packets,
  perConnection,
  reconnect,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type OpenEvent,
  type PacketEvent,
} from 'sluice'
import {
  decode,
  encode,
  erlangPacket,
  framed,
  lengthField,
  lines,
  mapCodec,
  ndjson,
  raw,
  reader,
  switchable,
  type Codec,
  type SkippedEvent,
} from 'sluice/framing'
import { expectType } from '../support/types.js'

declare const bytes: ConnectionStream
declare const strings: ConnectionStream<ConnectionEvent<string, Connection<string>>>

// An echo server needs no annotation.
bytes.pipe(framed(lines())).subscribe(event => {
  if (event.type === 'packet') {
    expectType<string>()(event.packet)
    event.connection.send(event.packet)
    // @ts-expect-error: it is a connection of lines
    event.connection.send(new Uint8Array())
  } else if (event.type === 'open') {
    expectType<number>()(event.session)
    event.connection.send('welcome')
  } else if (event.type === 'skipped') {
    expectType<number>()(event.size)
    event.connection.send('too long')
  }
})

// It is a value, too, that a server and a client may share, on its own or in front of other operators.
const ofLines = framed(lines())
expectType<Observable<string>>()(bytes.pipe(ofLines, packets()))
const comingBack = pipe(framed(lines()), reconnect([100]))
expectType<Observable<string>>()(bytes.pipe(comingBack, packets()))

// What goes in may differ from what comes out.
interface Request {
  readonly method: string
}
interface Reply {
  readonly result: number
}
bytes.pipe(framed(ndjson<Reply, Request>())).subscribe(event => {
  if (event.type !== 'packet') return
  expectType<Reply>()(event.packet)
  event.connection.send({ method: 'add' })
  // @ts-expect-error: replies are not sent
  event.connection.send({ result: 1 })
})

// Operators behind it know the packets.
expectType<Observable<string>>()(bytes.pipe(framed(lines()), packets()))
expectType<Observable<number>>()(
  bytes.pipe(
    framed(lines()),
    packets(),
    map(line => line.length),
  ),
)
bytes
  .pipe(
    framed(lines()),
    perConnection(line => line.pipe(map(text => text.length))),
  )
  .subscribe(event => {
    if (event.type === 'packet') expectType<number>()(event.packet)
  })

// Events of other operators pass, with the connection of packets.
declare const beats: ConnectionStream<
  ConnectionEvent | { readonly type: 'beat'; readonly connection: Connection; readonly rtt: number }
>
beats.pipe(framed(lines())).subscribe(event => {
  if (event.type === 'beat') {
    expectType<number>()(event.rtt)
    expectType<Connection<string>>()(event.connection)
  }
})

// Merged protocols stay apart.
merge(bytes.pipe(framed(lines())), bytes.pipe(framed(ndjson<Reply, Request>()))).subscribe(event => {
  if (event.type === 'packet') expectType<string | Reply>()(event.packet)
})

// What it answers fits where connection events are asked for.
declare function served(
  events: Observable<ConnectionEvent<string, Connection<string>> | SkippedEvent<Connection<string>>>,
): void
served(bytes.pipe(framed(lines())))
declare function handled(event: PacketEvent<string, Connection<string>> | OpenEvent<Connection<string>>): void
bytes.pipe(framed(lines())).subscribe(event => {
  if (event.type === 'packet' || event.type === 'open') handled(event)
})

// Its codec may be chosen for each connection.
bytes
  .pipe(framed(connection => (connection.tls?.alpn === 'a' ? lines() : lines({ maxLength: 10 }))))
  .subscribe(event => {
    if (event.type === 'packet') expectType<string>()(event.packet)
  })

// Only bytes can be framed.
// @ts-expect-error: these are packets already
void strings.pipe(framed(lines()))

// Codecs tell their types by themselves.
expectType<Codec<string>>()(lines())
expectType<Codec<Uint8Array>>()(lengthField({ lengthFieldLength: 2 }))
expectType<Codec<unknown>>()(ndjson())
expectType<Codec<Uint8Array>>()(erlangPacket(4))
// @ts-expect-error: Erlang has no 3
erlangPacket(3)
// @ts-expect-error: nor a field of 5 bytes
lengthField({ lengthFieldLength: 5 })
expectType<Codec<number, boolean>>()(mapCodec(lines(), Number, (flag: boolean) => String(flag)))

// A codec that switches names all that it may carry.
const smtp = switchable<string | Uint8Array, string>(lines(), {
  sent: reply => (reply.startsWith('354') ? { receive: raw() } : undefined),
  received: packet => (typeof packet === 'string' ? undefined : { receive: lines() }),
})
bytes.pipe(framed(smtp)).subscribe(event => {
  if (event.type !== 'packet') return
  expectType<string | Uint8Array>()(event.packet)
  event.connection.send('250 ok')
})
expectType<Observable<string | Uint8Array>>()(of(new Uint8Array()).pipe(decode(smtp)))

// Plain Observables.
expectType<Observable<string>>()(of(new Uint8Array()).pipe(decode(lines())))
expectType<Observable<Uint8Array>>()(of('a').pipe(encode(lines())))
// @ts-expect-error: lines are strings
void of(1).pipe(encode(lines()))

// The pull side fits into perConnection.
void bytes.pipe(
  perConnection(chunks => {
    const input = reader(chunks, { timeout: 1_000 })
    return input.exactly(1).pipe(concatMap(([length = 0]) => input.exactly(length)))
  }),
  filter(event => event.type === 'packet'),
  map(event => {
    expectType<Uint8Array>()(event.packet)
  }),
)
