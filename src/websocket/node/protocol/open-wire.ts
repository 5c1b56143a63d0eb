import type { Line, Wire } from '../../../connection/wire.js'
import type { ControlMessage, Message } from '../../message.js'
import { CompressingWire } from './compressing-wire.js'
import { WebSocketWire } from './web-socket-wire.js'
import type { WireSettings } from './wire-settings.js'

/**
 * The wire of messages that both ends have agreed upon.
 *
 * @param open makes the wire of bytes, told on this line
 */
export function openWire(
  line: Line<Message | ControlMessage>,
  settings: WireSettings,
  open: (below: Line) => Wire,
): WebSocketWire {
  const { deflate } = settings
  return deflate === undefined
    ? new WebSocketWire(line, settings, open)
    : new CompressingWire(line, settings, deflate, open)
}
