import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Deadlines } from '../../../connection/deadlines.js'
import { bindSocket } from '../../../net/bind-socket.js'
import { renewing } from '../../../net/renewing.js'
import { ServerHandshakes } from '../../../net/server-handshakes.js'
import { acceptedKind, pathKind, type SocketKind } from '../../../net/socket-kind.js'
import { hasPath } from '../../../net/socket-options.js'
import { overdue } from '../../../net/stage.js'
import { SERVER_HANDSHAKE_TIMEOUT } from '../../../net/tls-options.js'
import { Doorman } from './doorman.js'
import { refusalHeaders } from '../handshake/http-answer.js'
import type { AcceptedLink, MessageHost } from '../message-link.js'
import { PendingWire } from '../pending-wire.js'
import { noUpgrade, parseFault } from './upgrade-faults.js'
import { refusalError, type Visitor } from './visitor.js'
import type { OwnPlace, WebSocketListenOptions } from './web-socket-place.js'

/** Takes in WebSockets at a port, or a path, of its own. Answers how to release it. */
export function listenOwn(host: MessageHost, at: OwnPlace & WebSocketListenOptions<unknown>): () => void {
  const { handshakeTimeout = SERVER_HANDSHAKE_TIMEOUT, tls } = at
  const kind = hasPath(at) ? pathKind(at.path) : acceptedKind(() => gate.endpoint)
  const handshakes = tls === undefined ? undefined : new ServerHandshakes({ ...tls, ALPNProtocols: ['http/1.1'] })
  const visitors = new WeakMap<Duplex, Visitor>()
  const deadlines = new Deadlines<AcceptedLink>(handshakeTimeout, link => {
    link.destroy(overdue('handshake', handshakeTimeout))
  })
  const doorman = new Doorman(at, error => {
    gate.failed(error)
  })
  /** It listens to nothing, and is handed the sockets. */
  const http = createServer()

  const gate = bindSocket(host, at, accepted => {
    host.accept(link => {
      const speak = (socket: Duplex, itsKind: SocketKind): void => {
        visitors.set(socket, { link, wire, socket, kind: itsKind })
        http.emit('connection', socket)
        socket.resume()
      }
      const wire: PendingWire = new PendingWire(
        link,
        () => {
          deadlines.delete(link)
        },
        () => {
          deadlines.add(link)
          if (handshakes === undefined) speak(accepted, kind)
          else wire.secure(handshakes.start, accepted, kind, speak)
        },
      )
      wire.watch(accepted, kind)
      return wire
    })
  })

  const receive = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const visitor = visitors.get(socket)
    // Who has been answered is not asked what else he wants.
    if (visitor === undefined || visitor.wire.failure !== undefined) return
    visitors.delete(socket)
    deadlines.delete(visitor.link)
    doorman.receive(visitor, request, head)
  }
  http
    .on('upgrade', receive)
    .on('connect', receive)
    .on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const refusal = noUpgrade()
      const visitor = visitors.get(socket)
      if (visitor !== undefined) visitor.wire.failure ??= refusalError(refusal)
      response.writeHead(refusal.status ?? 426, refusalHeaders(refusal) as Record<string, string>).end(refusal.body)
    })
    .on('clientError', (error: Error, socket: Duplex) => {
      const visitor = visitors.get(socket)
      if (visitor?.wire.failure !== undefined) return // It is told for all that follows, too.
      if (visitor !== undefined && socket.writable) doorman.refuse(visitor, parseFault(error), error)
      else socket.destroy()
    })

  const renewal =
    handshakes &&
    tls?.renewed &&
    renewing(handshakes, tls.renewed, error => {
      gate.failed(error)
    })
  return () => {
    renewal?.unsubscribe()
    gate.close()
  }
}
