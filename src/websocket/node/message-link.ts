import type { Host } from '../../connection/bind.js'
import type { ControlMessage, Message } from '../message.js'
import { WebSocketLink } from '../web-socket-link.js'
import type { Outgoing } from './protocol/frame-writer.js'

/** What comes: pings and pongs only where they are asked for. */
export type Incoming = Message | ControlMessage

export type MessageLink = WebSocketLink<Incoming, Outgoing>

/** One that a server has let in, with what it knows of it. */
export class AcceptedLink extends WebSocketLink<Incoming, Outgoing> {
  context: unknown = undefined
}

export type MessageHost = Host<Incoming, Outgoing, AcceptedLink>
