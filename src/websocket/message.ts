/** A whole message, however many fragments it came in: a text is a string, a binary message is bytes. */
export type Message = string | Uint8Array

/** A ping or a pong (RFC 6455 section 5.5), with up to 125 bytes of its own. */
export interface ControlMessage {
  /** A pong answers a ping. */
  readonly type: 'ping' | 'pong'
  /** A pong has that of its ping. */
  readonly data: Uint8Array
}

/** Whether it is a ping or a pong, and no message. A value out of a message's JSON is none, whatever it looks like. */
export function isControl(packet: unknown): packet is ControlMessage {
  return (
    typeof packet === 'object' &&
    packet !== null &&
    'type' in packet &&
    (packet.type === 'ping' || packet.type === 'pong') &&
    'data' in packet &&
    packet.data instanceof Uint8Array
  )
}
