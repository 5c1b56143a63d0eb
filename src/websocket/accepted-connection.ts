import type { ControlMessage, Message } from './message.js'
import type { WebSocketConnection } from './web-socket-connection.js'

/** A connection that a server has let in. */
export interface AcceptedConnection<
  Context = undefined,
  Out = Message | ControlMessage,
> extends WebSocketConnection<Out> {
  /** What `negotiate` has said of it. */
  readonly context: Context
}
