import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { lists } from '../handshake/header-list.js'
import type { Dismissals } from './dismissals.js'
import { pathOf } from './request-path.js'
import { refused } from './upgrade-faults.js'
import type { UpgradeGate } from './upgrade-gate.js'

const upgrades = Symbol('sluice.upgrades')

interface Shared extends Server {
  [upgrades]?: ServerUpgrades | undefined
}

/** The upgrades of a server that is there for other things too, shared by our listeners on it, each with its path. */
export class ServerUpgrades {
  readonly #server: Shared
  readonly #gates = new Map<string | undefined, UpgradeGate>()

  private constructor(server: Shared) {
    this.#server = server
    server[upgrades] = this
    server.on('upgrade', this.#receive)
  }

  static of(server: Shared): ServerUpgrades {
    return server[upgrades] ?? new ServerUpgrades(server)
  }

  /** Whether the path was to be had; `undefined` is for those that are nobody else's. */
  add(pathname: string | undefined, gate: UpgradeGate): boolean {
    if (this.#gates.get(pathname)?.closed === false) return false
    this.#gates.set(pathname, gate)
    return true
  }

  delete(pathname: string | undefined, gate: UpgradeGate): void {
    if (this.#gates.get(pathname) === gate) this.#gates.delete(pathname)
    if (this.#gates.size > 0) return
    this.#server.off('upgrade', this.#receive)
    this.#server[upgrades] = undefined
  }

  /** Whoever else listens to upgrades has those for which nobody is here. */
  readonly #receive = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const isOurs = lists(request.headers.upgrade, 'websocket')
    const gate = isOurs ? (this.#gates.get(pathOf(request)) ?? this.#gates.get(undefined)) : undefined
    const [first] = this.#gates.values()
    if (gate !== undefined) gate.offer([request, socket, head])
    else if (first === undefined || this.#server.listenerCount('upgrade') > 1) return
    else if (isOurs) first.dismissals.turnAway(socket, refused(404, 'nobody is here'))
    else if (hasBody(request)) first.dismissals.turnAway(socket, refused(400, 'this upgrade is not spoken here'))
    else handBack(this.#server, request, socket, first.dismissals)
  }
}

/** Node gives up reading a request that asks for an upgrade, so that its body is not to be had. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * A request for another upgrade, such as HTTP/2's, may be answered as if it had not asked for one (RFC 9110 section 7.8); and was, until we
 * came to listen. Until it is answered, the server's own `timeout` is the deadline.
 */
function handBack(server: Server, request: IncomingMessage, socket: Duplex, dismissals: Dismissals): void {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as never)
  response.once('finish', () => {
    dismissals.end(socket)
  })
  socket.on('error', () => undefined).resume()
  server.emit('request', request, response)
}
