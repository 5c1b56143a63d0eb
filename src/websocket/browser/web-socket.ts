import { dialAs } from '../../connection/dial.js'
import { SluiceError } from '../../connection/errors.js'
import type { ConnectionStream } from '../../connection/event.js'
import { checkOptions } from '../../connection/options.js'
import type { Message } from '../message.js'
import type { WebSocketEvent } from '../web-socket-event.js'
import { PlatformLink } from './platform-link.js'
import type { PlatformWebSocket } from './platform-socket.js'
import { PlatformWire } from './platform-wire.js'
import {
  addressOf,
  endpointOf,
  refuseCredentials,
  targetOf,
  targetRules,
  type WebSocketTarget,
} from './web-socket-target.js'

/** WebSockets over the platform's own. */
export interface WebSocketTransport {
  /**
   * Dials a server.
   *
   * Emits `connecting`, then `open`, or a `close` with `ERR_CLOSED_ABNORMALLY`: a browser does not tell a page why it could not connect.
   * Packets are strings and `Uint8Array`s, a whole message each. A `close` has the code and the words of the peer's Close frame.
   *
   * What the platform can't do: while a connection is paused its messages come all the same and are held, up to `maxHeld`. After
   * `close()` no message is told. `destroy()` says goodbye too (1005): there is no abort. Only 1000 and 3000 to 4999 can be said.
   *
   * @throws `SluiceError` with code `ERR_OPTIONS`
   *
   * @example
   * ```ts
   * webSocket.connect('wss://example.org/chat').pipe(text(), reconnect(exponential())).subscribe(event => {
   *   if (event.type === 'packet') console.log(event.packet)
   * })
   * ```
   */
  readonly connect: (to: string | URL | WebSocketTarget) => ConnectionStream<WebSocketEvent<Message>>
}

/** Dials WebSockets, over the platform's own. */
export const webSocket: WebSocketTransport = {
  connect(to) {
    const target = targetOf(to)
    refuseCredentials(target.url)
    checkOptions('webSocket.connect', target, targetRules, ['url'])
    const { url, protocols = [], maxHeld = 16 * 1024 * 1024, connectTimeout = 10_000, ...rest } = target
    const { WebSocket: Platform = ofThePlatform(), ...options } = rest
    const address = addressOf(url)
    const settings = { maxHeld, connectTimeout }
    return dialAs<Message, Message>(
      surroundings => new PlatformLink(surroundings),
      endpointOf(address),
      options,
      line => new PlatformWire(line, new Platform(address.href, [...protocols]), settings),
    ) as ConnectionStream<WebSocketEvent<Message>>
  },
}

function ofThePlatform(): PlatformWebSocket {
  if (typeof WebSocket === 'function') return WebSocket
  throw new SluiceError('ERR_OPTIONS', 'webSocket.connect: WebSocket is missing, and the platform has none')
}
