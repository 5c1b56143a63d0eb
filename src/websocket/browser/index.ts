export type { CloseStatus, CloseWith } from '../close-status.js'
export { isControl, type ControlMessage, type Message } from '../message.js'
export type { WebSocketConnection } from '../web-socket-connection.js'
export type { WebSocketCloseEvent, WebSocketEvent } from '../web-socket-event.js'
