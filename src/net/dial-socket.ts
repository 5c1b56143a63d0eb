import { connect, isIP, type Socket } from 'node:net'
import type { Line } from '../connection/wire.js'
import { DuplexWire } from './duplex-wire.js'
import { endpointOf, rememberDialled } from './endpoint.js'
import { Gather } from './gather.js'
import { guardedLookup } from './guarded-lookup.js'
import { onread } from './socket-events.js'
import { pathKind, tcpKind } from './socket-kind.js'
import { CONNECT_TIMEOUT, hasPath, RESOLVE_TIMEOUT, type PathTarget, type TcpTarget } from './socket-options.js'
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
  const { connectTimeout = CONNECT_TIMEOUT } = to
  const stage = new Stage(error => {
    line.destroy(error)
  })
  const [socket, kind] = hasPath(to) ? [connectPath(to), pathKind(to.path)] : [connectTcp(to), tcpKind]
  const wire = new DuplexWire(line, socket, kind, new Gather(), connected !== undefined)

  if (hasPath(to) || isIP(to.host ?? 'localhost') !== 0) stage.enter('connect', connectTimeout)
  else {
    stage.enter('resolve', to.resolveTimeout ?? RESOLVE_TIMEOUT)
    socket.once('lookup', () => {
      stage.enter('connect', connectTimeout)
    })
  }
  socket.once('connect', () => {
    stage.leave()
    if (!hasPath(to)) rememberDialled(socket, endpointOf(to))
    if (connected === undefined) line.opened()
    else connected(wire, stage)
  })
  socket.once('close', () => {
    stage.leave()
  })
  return wire
}

function connectTcp(to: TcpTarget): Socket {
  const { port, host = 'localhost', localAddress, localPort, family = 0, hints, lookup } = to
  const { noDelay = true, keepAlive = true, keepAliveInitialDelay = 30_000 } = to
  const { autoSelectFamily = true, autoSelectFamilyAttemptTimeout = 1_000 } = to
  return connect({
    port,
    host,
    family,
    noDelay,
    keepAlive,
    keepAliveInitialDelay,
    autoSelectFamily,
    autoSelectFamilyAttemptTimeout,
    allowHalfOpen: true,
    onread,
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(hints !== undefined && { hints }),
    ...(lookup !== undefined && { lookup: guardedLookup(lookup) }),
  })
}

function connectPath(to: PathTarget): Socket {
  return connect({ path: to.path, allowHalfOpen: true, onread })
}
