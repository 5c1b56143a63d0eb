import { filter, map, type Observable } from 'rxjs'
import {
  packets,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type Endpoint,
  type Listener,
} from 'sluice'
import { framed, lines, ndjson } from 'sluice/framing'
import type { ConnectionGroup } from 'sluice/pool'
import { serve, type DrainProgress, type RefusedEvent, type Server, type ServerInfo } from 'sluice/server'
import { expectType } from '../support/types.js'

declare const bytes: ConnectionStream

type Text = ConnectionEvent<string, Connection<string>>
declare const text: ConnectionStream<Text>

// A server is a group of the same events and of refusals, with a handler or without one, over one port or several.
expectType<Server<Text>>()(serve(text))
expectType<Server<Text>>()(serve([text, text], { maxConnections: 10 }))
const server = serve(text, lines => lines.pipe(map(line => line.toUpperCase())), { maxPerAddress: 1 })
expectType<Server<Text>>()(server)
const group: ConnectionGroup<Text | RefusedEvent<Connection<string>>> = server
expectType<readonly Connection<string>[]>()(group.connections)
expectType<Observable<string>>()(server.pipe(packets()))
expectType<readonly Listener[]>()(server.listeners)
expectType<readonly Endpoint[]>()(server.endpoints)
expectType<Observable<boolean>>()(server.ready)
expectType<ServerInfo>()(server.info())
expectType<Observable<ServerInfo>>()(server.infos())
server.broadcast('hello')

// What is piped before tells the handler what it gets.
void serve(bytes.pipe(framed(lines())), (packets, connection) => {
  expectType<Observable<string>>()(packets)
  connection.send('welcome')
  return packets
})
void serve(text, () => ['any', 'iterable'])
void serve(text, () => Promise.resolve('or a promise'))

// Limits may stand where a handler would, or behind one that is not there.
expectType<Server<Text>>()(serve(text, undefined, { maxConnections: 10 }))

// A refusal that is one of several shapes is said without a cast.
const chat = bytes.pipe(framed(ndjson<{ type: 'say'; words: string[] } | { type: 'bye' }>()))
void serve(chat, { refusal: () => ({ type: 'bye' }) })
void serve(chat, packets => packets, { refusal: () => ({ type: 'say', words: ['full'] }) })

// A refusal and an announcement are packets.
void serve(text, { refusal: (cause, connection) => `${cause} ${connection.id}` })
expectType<Observable<DrainProgress>>()(server.drain({ announce: connection => connection.id }))
void server.drain({ announce: () => undefined })
void server.pipe(filter(event => event.type === 'refused')).subscribe(({ cause }) => {
  expectType<'full' | 'address' | 'draining'>()(cause)
})
server.drain().subscribe(progress => {
  if (progress.phase === 'done') expectType<number>()(progress.bytesLost)
})

// @ts-expect-error a handler answers what the connections send
void serve(text, lines => lines.pipe(map(line => line.length)))
// @ts-expect-error a refusal is what the connections send
void serve(text, { refusal: () => 7 })
// @ts-expect-error so is an announcement
void server.drain({ announce: () => 7 })
// @ts-expect-error what is full waits or refuses
void serve(text, { whenFull: 'panic' })
