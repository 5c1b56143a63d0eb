import { bind } from '../connection/bind.js'
import { dial } from '../connection/dial.js'
import { checkOptions } from '../connection/options.js'
import type { Transport } from '../connection/transport.js'
import { bindSocket } from './bind-socket.js'
import { dialSocket } from './dial-socket.js'
import { DuplexWire } from './duplex-wire.js'
import { endpointOf } from './endpoint.js'
import { Gather } from './gather.js'
import { acceptedKind, pathKind } from './socket-kind.js'
import {
  hasPath,
  pathPlaceRules,
  pathTargetRules,
  tcpPlaceRules,
  tcpTargetRules,
  type PathPlace,
  type PathTarget,
  type TcpPlace,
  type TcpTarget,
} from './socket-options.js'

/**
 * Connections over TCP, or over Unix sockets and Windows pipes where a `path` is given in place of a port.
 *
 * `connect` emits `connecting`, `open`, packets of bytes as the system delivers them, `end`, `close`; a dial that fails emits `connecting`,
 * `close` and errors with the cause: what the system reports (`ECONNREFUSED`, `ENOTFOUND`, …), or `ERR_RESOLVE_TIMEOUT`,
 * `ERR_CONNECT_TIMEOUT`. `listen` emits `listening` and then the events of all its connections; it errors if it can't bind
 * (`EADDRINUSE`, `EACCES`, …). Both throw `ERR_OPTIONS` at once for options that can't be right.
 *
 * Chunks are not packets: pipe through `framed` before you look inside.
 *
 * @example An echo server
 * ```ts
 * tcp.listen({ port: 4000 }).subscribe(event => {
 *   if (event.type === 'packet') event.connection.send(event.packet)
 * })
 * ```
 */
export const tcp: Transport<TcpTarget | PathTarget, TcpPlace | PathPlace> = {
  connect(to) {
    if (hasPath(to)) checkOptions('tcp.connect', to, pathTargetRules, ['path'])
    else checkOptions('tcp.connect', to, tcpTargetRules, ['port'])
    return dial(endpointOf(to), to, line => dialSocket(line, to))
  },

  listen(at) {
    if (hasPath(at)) checkOptions('tcp.listen', at, pathPlaceRules, ['path'])
    else checkOptions('tcp.listen', at, tcpPlaceRules, ['port'])
    return bind(at, host => {
      const gather = new Gather(true)
      const kind = hasPath(at) ? pathKind(at.path) : acceptedKind(() => gate.endpoint)
      const gate = bindSocket(host, at, socket => {
        host.accept(line => new DuplexWire(line, socket, kind, gather)).opened()
      })
      return () => {
        gate.close()
      }
    })
  },
}
