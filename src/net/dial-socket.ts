import type { Line } from '../connection/wire.js'
import { DuplexWire } from './duplex-wire.js'
import { Gather } from './gather.js'
import { openSocket } from './open-socket.js'
import { onread } from './socket-events.js'
import type { PathTarget, TcpTarget } from './socket-options.js'
import { Stage } from './stage.js'

/**
 * Dials a socket, with the deadlines of resolving and connecting.
 *
 * @param connected what comes between being connected and being open: a handshake, or nothing
 */
export function dialSocket(
  line: Line,
  to: TcpTarget | PathTarget,
  connected?: (wire: DuplexWire, stage: Stage) => void,
): DuplexWire {
  const stage = new Stage(error => {
    line.destroy(error)
  })
  const { socket, kind } = openSocket(to, stage, { onread }, () => {
    if (connected === undefined) line.opened()
    else connected(wire, stage)
  })
  const wire = new DuplexWire(line, socket, kind, new Gather(), connected !== undefined)
  return wire
}
