import { isControl, type ControlMessage } from './message.js'

const EMPTY = new Uint8Array()

/**
 * What `heartbeat` asks a WebSocket with: pings of the protocol itself, which every peer answers.
 *
 * Round trips are told only with `control: true`. Without it pongs are no packets, but signs of life all the same.
 *
 * @example
 * ```ts
 * webSocket.connect({ url: 'ws://localhost:4000', control: true }).pipe(
 *   heartbeat({ ...pings, interval: 10_000 }),
 *   text(),
 *   reconnect(exponential()),
 * )
 * ```
 */
export const pings: {
  /** Makes a ping, which is empty. */
  readonly ping: () => ControlMessage
  /** Whether it is a pong. */
  readonly isPong: (packet: unknown) => boolean
} = {
  ping: () => ({ type: 'ping', data: EMPTY }),
  isPong: packet => isControl(packet) && packet.type === 'pong',
}
