import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { endpointOf, rememberDialled } from './endpoint.js'
import { guardedLookup } from './guarded-lookup.js'
import { pathKind, tcpKind, type SocketKind } from './socket-kind.js'
import { CONNECT_TIMEOUT, hasPath, RESOLVE_TIMEOUT, type PathTarget, type TcpTarget } from './socket-options.js'
import type { Stage } from './stage.js'

/** How a socket is to read, where it is not by its `data` events. */
interface Reading {
  readonly onread?: OnReadOpts
}

/** Opens a socket through the stages of resolving and connecting, each with its deadline. */
export function openSocket(
  to: TcpTarget | PathTarget,
  stage: Stage,
  reading: Reading,
  connected: () => void,
): { readonly socket: Socket; readonly kind: SocketKind } {
  const { connectTimeout = CONNECT_TIMEOUT } = to
  const socket = hasPath(to) ? connectPath(to, reading) : connectTcp(to, reading)

  if (hasPath(to) || isIP(to.host ?? 'localhost') !== 0) stage.enter('connect', connectTimeout)
  else {
    stage.enter('resolve', to.resolveTimeout ?? RESOLVE_TIMEOUT)
    socket.once('lookup', () => {
      stage.enter('connect', connectTimeout)
    })
  }
  const left = (): void => {
    stage.leave()
  }
  socket.once('close', left).once('connect', () => {
    socket.off('close', left) // It would keep all that has to do with the dial for as long as the connection lasts.
    stage.leave()
    if (!hasPath(to)) rememberDialled(socket, endpointOf(to))
    connected()
  })
  return { socket, kind: hasPath(to) ? pathKind(to.path) : tcpKind }
}

function connectTcp(to: TcpTarget, reading: Reading): Socket {
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
    ...reading,
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(hints !== undefined && { hints }),
    ...(lookup !== undefined && { lookup: guardedLookup(lookup) }),
  })
}

function connectPath({ path }: PathTarget, reading: Reading): Socket {
  return connect({ path, allowHalfOpen: true, ...reading })
}
