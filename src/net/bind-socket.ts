import { createServer, Socket, type Server } from 'node:net'
import type { Host } from '../connection/bind.js'
import type { Endpoint } from '../connection/connection.js'
import { Gate } from '../connection/listener.js'
import { boundEndpoint, rememberAccepted } from './endpoint.js'
import { FileLimit } from './file-limit.js'
import { listenPath } from './listen-path.js'
import { BACKLOG, hasPath, type PathPlace, type TcpPlace } from './socket-options.js'

/** It serves sockets that may not be half open; beside it our own would be in a list, which every idle connection has to hold. */
const nodesOwn = new Socket().listeners('end') as (() => void)[]

/** Binds a port or a path and hands over what is accepted there, paused; answers its gate, which is closed to release it. */
export function bindSocket(
  host: Omit<Host, 'accept'>,
  at: TcpPlace | PathPlace,
  accept: (socket: Socket) => void,
): Gate<Socket> {
  const { backlog = BACKLOG } = at
  let endpoint: Endpoint = { address: '' }
  /** The port is being bound again. */
  let restoring = false
  const files = new FileLimit()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, ...(hasPath(at) ? {} : tcpOptions(at)) })
  const gate = new Gate<Socket>({
    backlog,
    endpoint: () => endpoint,
    accept(socket) {
      if (!hasPath(at)) rememberAccepted(socket, endpoint)
      accept(socket)
    },
    refuse(socket) {
      socket.destroy()
    },
    close() {
      server.close()
      host.closed()
    },
    ...(!hasPath(at) && {
      suspend() {
        server.close()
      },
      restore() {
        if (restoring) return
        restoring = true
        listenPort(server, { ...at, port: endpoint.port ?? 0 }, backlog)
      },
    }),
  })

  server.on('connection', socket => {
    const objection = files.objection(socket)
    if (objection !== undefined) {
      gate.turnAway(socket, objection)
      return
    }
    for (const listener of nodesOwn) socket.off('end', listener)
    if (gate.paused) watch(socket, gate)
    gate.offer(socket)
  })
  server.on('error', error => {
    restoring = false
    if (server.listening || gate.suspended) gate.failed(error)
    else host.failed(error)
  })
  server.on('listening', () => {
    restoring = false
    endpoint = boundEndpoint(server)
    if (gate.suspended) gate.restored()
    else host.listening(gate)
  })
  if (hasPath(at)) listenPath(server, at, backlog, () => !gate.closed)
  else listenPort(server, at, backlog)
  return gate
}

function listenPort(server: Server, at: TcpPlace, backlog: number): void {
  const { port, host, ipv6Only = false, exclusive = false, reusePort = false } = at
  server.listen({
    port,
    backlog,
    ipv6Only,
    exclusive,
    ...(reusePort && { reusePort }),
    ...(host !== undefined && { host }),
  })
}

function tcpOptions({ noDelay = true, keepAlive = true, keepAliveInitialDelay = 30_000 }: TcpPlace) {
  return { noDelay, keepAlive, keepAliveInitialDelay }
}

/** One that waits at the gate may fail there, which is nobody's concern, and may not be opened after that. */
function watch(socket: Socket, gate: Gate<Socket>): void {
  socket.on('error', () => undefined)
  socket.once('close', () => {
    gate.withdraw(socket)
  })
}
