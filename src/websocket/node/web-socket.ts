import type { Observable } from 'rxjs'
import { bindAs } from '../../connection/bind.js'
import { dialAs } from '../../connection/dial.js'
import type { ControlMessage, Message } from '../message.js'
import type { WebSocketConnection } from '../web-socket-connection.js'
import type { WebSocketEvent } from '../web-socket-event.js'
import { WebSocketLink } from '../web-socket-link.js'
import type { AcceptedConnection } from '../accepted-connection.js'
import { endpointOfTarget } from './client/address.js'
import { dialWebSocket } from './client/dial-web-socket.js'
import type { Outgoing } from './protocol/frame-writer.js'
import { listenOnServer } from './server/listen-on-server.js'
import { listenOwn } from './server/listen-own.js'
import { listenToUpgrades } from './server/listen-to-upgrades.js'
import { AcceptedLink, type Incoming, type MessageLink } from './message-link.js'
import { checkPlace, type WebSocketPlace } from './server/web-socket-place.js'
import { checkTarget, type WebSocketTarget } from './client/web-socket-target.js'

/** What comes on a connection: pings and pongs, too, where `control` asks for them. */
type PacketsOf<Control extends boolean> = Control extends true ? Message | ControlMessage : Message

/**
 * Connections of messages (RFC 6455), in either role.
 *
 * `connect` emits `connecting`, `open` when the server has agreed, a packet for each whole message (a text as a string, a binary one as bytes),
 * `end` at the peer's Close frame, and `close`, with the `code` and the `detail` that the peer has said. A dial that fails emits `connecting`,
 * `close` and errors with the cause: what the system reports, a deadline (`ERR_RESOLVE_TIMEOUT`, `ERR_CONNECT_TIMEOUT`,
 * `ERR_HANDSHAKE_TIMEOUT`), `ERR_HANDSHAKE_REFUSED` with the server's answer, `ERR_HANDSHAKE_MALFORMED`, `ERR_HANDSHAKE_ENDED`. Redirects are
 * not followed.
 *
 * `listen` emits `listening` and then the events of all its connections. A request that is turned away, or a handshake that is not done in time, is
 * one `close` with its error, without an `open`. Where it listens on a server of yours, or to upgrades that you have, it leaves that as it is when
 * it is unsubscribed. Pages of other hosts are refused unless `origins` says otherwise.
 *
 * Unsubscribing closes with 1000. Both throw `ERR_OPTIONS` at once for options that can't be right.
 *
 * @example An echo server
 * ```ts
 * webSocket.listen({ port: 4000 }).subscribe(event => {
 *   if (event.type === 'packet') event.connection.send(event.packet)
 * })
 * ```
 *
 * @example A client
 * ```ts
 * webSocket.connect('ws://localhost:4000/chat').subscribe(event => {
 *   if (event.type === 'open') event.connection.send('hello')
 *   if (event.type === 'packet') console.log(event.packet)
 * })
 * ```
 */
export const webSocket = {
  /** Dials once for each subscriber: `ws:` or `wss:`. */
  connect<Control extends boolean = false>(
    to: string | URL | (WebSocketTarget & { readonly control?: Control }),
  ): Observable<WebSocketEvent<PacketsOf<Control>, WebSocketConnection<Outgoing>>> {
    const target = typeof to === 'string' || to instanceof URL ? { url: to } : to
    checkTarget(target)
    return dialAs<Incoming, Outgoing, MessageLink>(
      surroundings => new WebSocketLink(surroundings),
      endpointOfTarget(target),
      target,
      link => dialWebSocket(link, target),
    ) as Observable<WebSocketEvent<PacketsOf<Control>, WebSocketConnection<Outgoing>>>
  },

  /** Takes in WebSockets, once for each subscriber: on a port of its own, on a server, or of upgrades. */
  listen<Context = undefined, Control extends boolean = false>(
    at: WebSocketPlace<Context> & { readonly control?: Control },
  ): Observable<WebSocketEvent<PacketsOf<Control>, AcceptedConnection<Context>>> {
    checkPlace(at)
    return bindAs<Incoming, Outgoing, AcceptedLink>(
      surroundings => new AcceptedLink(surroundings),
      at,
      host => {
        if ('server' in at) return listenOnServer(host, at)
        return 'upgrades' in at ? listenToUpgrades(host, at) : listenOwn(host, at)
      },
    ) as unknown as Observable<WebSocketEvent<PacketsOf<Control>, AcceptedConnection<Context>>>
  },
}
