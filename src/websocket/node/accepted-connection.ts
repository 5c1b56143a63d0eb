import type { WebSocketConnection } from '../web-socket-connection.js'
import type { Outgoing } from './frame-writer.js'

/** A connection that a server has let in. */
export interface AcceptedConnection<Context = undefined, Out = Outgoing> extends WebSocketConnection<Out> {
  /** What `negotiate` has said of it. */
  readonly context: Context
}
