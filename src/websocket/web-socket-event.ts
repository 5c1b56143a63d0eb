import type { Connection } from '../connection/connection.js'
import type { CloseEvent, ConnectionEvent } from '../connection/event.js'
import type { CloseStatus } from './close-status.js'
import type { ControlMessage, Message } from './message.js'
import type { WebSocketConnection } from './web-socket-connection.js'

/**
 * The last event of a WebSocket: `code` and `detail` are what the peer's Close frame has said. 1005 stands for one without a code, 1006
 * for none at all.
 */
export interface WebSocketCloseEvent<C extends Connection<never> = Connection> extends CloseEvent<C>, CloseStatus {}

/** What a WebSocket's stream emits: the events of any connection, with a close that has a code. By default those of any WebSocket. */
export type WebSocketEvent<In = Message | ControlMessage, C extends Connection<never> = WebSocketConnection<Message>> =
  Exclude<ConnectionEvent<In, C>, { readonly type: 'close' }> | WebSocketCloseEvent<C>
