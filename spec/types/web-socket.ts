import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { of, type Observable } from 'rxjs'
import { packets } from 'sluice'
import {
  webSocket,
  type AcceptedConnection,
  type ControlMessage,
  type Message,
  type WebSocketConnection,
  type WebSocketEvent,
} from 'sluice/websocket'
import { expectType } from '../support/types.js'

declare const url: string
declare const watched: boolean
declare const userOf: (request: IncomingMessage) => Promise<{ readonly name: string } | undefined>
declare const upgrades: Observable<[IncomingMessage, Duplex, Buffer]>

type Outgoing = Message | ControlMessage

// What comes are messages, and pings and pongs where they are asked for; all can be sent.
expectType<Observable<WebSocketEvent<Message, WebSocketConnection<Outgoing>>>>()(webSocket.connect(url))
expectType<Observable<Message>>()(webSocket.connect(new URL(url)).pipe(packets()))
expectType<Observable<Message>>()(webSocket.connect({ url, maxPayload: 1024 }).pipe(packets()))
expectType<Observable<Message>>()(webSocket.connect({ url, control: false }).pipe(packets()))
expectType<Observable<Message | ControlMessage>>()(webSocket.connect({ url, control: true }).pipe(packets()))
expectType<Observable<Message | ControlMessage>>()(webSocket.connect({ url, control: watched }).pipe(packets()))

// Wherever it listens, nobody has said anything of a connection.
expectType<Observable<WebSocketEvent<Message, AcceptedConnection>>>()(webSocket.listen({ port: 0 }))
expectType<Observable<WebSocketEvent<Message, AcceptedConnection>>>()(webSocket.listen({ path: '/run/app.sock' }))
expectType<Observable<WebSocketEvent<Message, AcceptedConnection>>>()(webSocket.listen({ server: createServer() }))
expectType<Observable<WebSocketEvent<Message, AcceptedConnection>>>()(webSocket.listen({ upgrades }))
expectType<Observable<Message | ControlMessage>>()(webSocket.listen({ port: 0, control: true }).pipe(packets()))

// What negotiate says of it, it knows.
webSocket
  .listen({ port: 0, negotiate: ({ url = '' }) => ({ accept: true, context: { path: url } }) })
  .subscribe(event => {
    if (event.type === 'open') expectType<string>()(event.connection.context.path)
  })
webSocket
  .listen({
    port: 0,
    negotiate: ({ url = '' }) => (url === '/' ? { accept: true, context: url } : { accept: false, status: 404 }),
  })
  .subscribe(event => {
    if (event.type === 'close') expectType<string>()(event.connection.context)
  })
webSocket
  .listen({
    port: 0,
    negotiate: async request => {
      const context = await userOf(request)
      return context === undefined ? { accept: false, status: 401 } : { accept: true, context }
    },
  })
  .subscribe(event => {
    if (event.type === 'packet') expectType<string>()(event.connection.context.name)
  })
webSocket.listen<number>({ port: 0, negotiate: () => of({ accept: true, context: 7 }) }).subscribe(event => {
  if (event.type === 'open') expectType<number>()(event.connection.context)
})

// @ts-expect-error: there is a place
void webSocket.listen({ pathname: '/chat' })
// @ts-expect-error: what is spoken is HTTP/1.1
void webSocket.connect({ url, tls: { ALPNProtocols: ['h2'] } })
