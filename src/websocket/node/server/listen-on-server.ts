import { errorMonitor, type EventEmitter } from 'node:events'
import type { Endpoint } from '../../../connection/connection.js'
import { boundEndpoint } from '../../../net/endpoint.js'
import type { MessageHost } from '../message-link.js'
import { ServerUpgrades } from './server-upgrades.js'
import { UpgradeGate } from './upgrade-gate.js'
import type { ServerPlace, WebSocketListenOptions } from './web-socket-place.js'

/** Takes in the WebSockets of a server that is there for other things too. Answers how to leave it. */
export function listenOnServer(host: MessageHost, at: ServerPlace & WebSocketListenOptions<unknown>): () => void {
  const { server, pathname } = at
  const emitter: EventEmitter = server
  let endpoint: Endpoint = { address: '' }
  const gate = new UpgradeGate(host, at, () => endpoint)
  const shared = ServerUpgrades.of(server)
  if (!shared.add(pathname, gate)) {
    host.failed(taken(pathname))
    return () => undefined
  }

  const listening = (): void => {
    endpoint = boundEndpoint(server)
    host.listening(gate)
  }
  const failed = (error: Error): void => {
    if (!server.listening) host.failed(error)
  }
  const closed = (): void => {
    gate.close()
  }
  emitter.on(errorMonitor, failed).on('close', closed)
  if (server.listening) listening()
  else emitter.once('listening', listening)
  return () => {
    shared.delete(pathname, gate)
    emitter.off(errorMonitor, failed).off('close', closed).off('listening', listening)
    gate.close()
  }
}

/** As the system says it of a port. */
function taken(pathname = 'every path'): Error {
  return Object.assign(new Error(`listen EADDRINUSE: there is a listener for ${pathname} of this server`), {
    code: 'EADDRINUSE',
    syscall: 'listen',
  })
}
