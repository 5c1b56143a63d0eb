import type { ControlMessage, Message } from './message.js'
import type { WebSocketConnection } from './web-socket-connection.js'

/** A connection that a server has let in. */
export interface AcceptedConnection<
  Context = undefined,
  Out = Message | ControlMessage,
> extends WebSocketConnection<Out> {
  /** What `negotiate` has said of it: nothing yet on one that is turned away, whose `close` has no `open` before it. */
  readonly context: Context
}
