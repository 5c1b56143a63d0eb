import type { Observable, Subscription } from 'rxjs'
import type { Connection, ConnectionEvent, Line, Wire } from 'sluice'
import type { MemoryNetwork } from 'sluice/testing'
import type { ControlMessage, Message, WebSocketConnection, WebSocketEvent } from 'sluice/websocket'
import { dialAs } from '#src/connection/dial.js'
import type { MessageOptions } from '#src/websocket/node/message-options.js'
import { openWire } from '#src/websocket/node/protocol/open-wire.js'
import { limitsOf, type WireSettings } from '#src/websocket/node/protocol/wire-settings.js'
import { WebSocketLink } from '#src/websocket/web-socket-link.js'

type Packet = Message | ControlMessage
type Options = Omit<MessageOptions, 'deflate'>
type Sockets = Observable<WebSocketEvent<Packet, WebSocketConnection<Packet>>>

/** Both ends of a WebSocket over a network in memory, whose handshake is done: the server's is there for the first who dials. */
export function webSocketPair(
  net: MemoryNetwork,
  options: Options = {},
): Readonly<Record<'client' | 'server', Sockets>> {
  return {
    client: overBytes(net.host('client').connect({ host: 'server', port: 1 }), 'client', options),
    server: overBytes(net.host('server').listen({ port: 1 }), 'server', options),
  }
}

function overBytes(bytes: Observable<ConnectionEvent>, role: WireSettings['role'], options: Options): Sockets {
  const settings = {
    role,
    protocol: '',
    limits: limitsOf(options),
    control: options.control ?? false,
    deflate: undefined,
  }
  return dialAs<Packet, Packet>(
    surroundings => new WebSocketLink(surroundings),
    { address: role },
    options,
    line => openWire(line, settings, below => new BytesWire(below, bytes, () => line.opened())),
  ) as Sockets
}

/** A connection in memory as the wire of another. */
class BytesWire implements Wire {
  readonly #line: Line
  readonly #subscription: Subscription
  #connection: Connection | undefined
  #held: Subscription | undefined

  constructor(line: Line, bytes: Observable<ConnectionEvent>, opened: () => void) {
    this.#line = line
    this.#subscription = bytes.subscribe({
      next: event => {
        if (event.type === 'open') {
          this.#connection = event.connection
          opened()
        } else if (event.type === 'packet') line.received(event.packet, event.packet.length)
        else if (event.type === 'end') line.ended()
        else if (event.type === 'close') line.closed(event.error)
      },
      error: () => undefined,
    })
  }

  size(bytes: Uint8Array): number {
    return bytes.length
  }

  write(bytes: Uint8Array): void {
    this.#connection?.send(new Uint8Array(bytes))
    this.#line.written(bytes.length)
  }

  pause(): void {
    this.#held ??= this.#connection?.pause()
  }

  resume(): void {
    this.#held?.unsubscribe()
    this.#held = undefined
  }

  end(): void {
    this.#connection?.end()
  }

  destroy(): void {
    this.#subscription.unsubscribe()
    this.#connection?.destroy()
    this.#line.closed()
  }
}
