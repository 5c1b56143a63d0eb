export { binary } from '../binary.js'
export type { CloseStatus, CloseWith } from '../close-status.js'
export { HandshakeRefusedError, type HandshakeRefusal } from '../handshake-refused-error.js'
export { json } from '../json.js'
export { isControl, type ControlMessage, type Message } from '../message.js'
export type { Spoken } from '../message-stream.js'
export { messages } from '../messages.js'
export { pings } from '../pings.js'
export { text } from '../text.js'
export { topics, type Topics } from '../topics.js'
export type { TopicsOptions } from '../topics-options.js'
export type { WebSocketConnection } from '../web-socket-connection.js'
export type { WebSocketCloseEvent, WebSocketEvent } from '../web-socket-event.js'
export type { AcceptedConnection } from '../accepted-connection.js'
export type { Outgoing } from './protocol/frame-writer.js'
export type { DeflateOptions, MessageOptions } from './message-options.js'
export { webSocket } from './web-socket.js'
export type {
  Acceptance,
  Negotiation,
  OwnMessageOptions,
  OwnPlace,
  Refusal,
  ServerPlace,
  WebSocketListenOptions,
  UpgradesPlace,
  WebSocketPlace,
} from './server/web-socket-place.js'
export type { WebSocketTarget, WebSocketTls } from './client/web-socket-target.js'
