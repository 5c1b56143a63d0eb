import { timer } from 'rxjs'
import { bind } from '../connection/bind.js'
import type { Endpoint } from '../connection/connection.js'
import { dial } from '../connection/dial.js'
import { SluiceError } from '../connection/errors.js'
import { Gate } from '../connection/listener.js'
import { checkOptions } from '../connection/options.js'
import { seeded } from '../connection/seeded.js'
import type { MemoryNetwork, MemoryTransport } from './memory-network.js'
import {
  linkRules,
  memoryRules,
  placeRules,
  targetRules,
  type MemoryOptions,
  type MemoryPlace,
  type MemoryTarget,
} from './memory-options.js'
import { MemoryWire } from './memory-wire.js'
import type { Path } from './path.js'
import { Ports, type Bound } from './ports.js'
import { systemError } from './system-error.js'
import { Ways } from './ways.js'

const HOME = 'localhost'
const CONNECT_TIMEOUT = 10_000
const BACKLOG = 511

/**
 * A network in memory: connections that obey the same laws as those of TCP, in virtual time.
 *
 * Without latency everything happens at once, inside the call that caused it, and no timer is set; with latency a dial
 * takes one round trip. All delays are RxJS's `timer`, so in `TestScheduler.run` they are frames. Nothing is shared
 * with other networks.
 *
 * As over TCP: FIN comes behind all data and a paused reader does not see it, a reset overtakes what was not read, and
 * the network takes `window` bytes that the other side has not read before it blocks the writer. Unlike over TCP, what
 * was sent at once arrives in one packet, unless `chunk`, `bandwidth` or a full window says otherwise.
 *
 * A dial is refused with `ECONNREFUSED` where nobody listens and ends with `ERR_CONNECT_TIMEOUT` where nobody answers;
 * a port that is bound already is an `EADDRINUSE`.
 *
 * @example A server that is out of reach from frame 10 to frame 90
 * ```ts
 * const net = memory({ latency: 5 })
 * net.host('server').listen({ port: 4000 }).subscribe()
 * net.host('client').connect({ host: 'server', port: 4000 }).subscribe(event => console.log(event.type))
 * at('10ms c 79ms h', { c: () => net.cut('client', 'server'), h: () => net.heal('client', 'server') })
 * ```
 * @throws `SluiceError` with code `ERR_OPTIONS`, as do `connect`, `listen` and `link`
 */
export function memory(options: MemoryOptions = {}): MemoryNetwork {
  checkOptions('memory', options, memoryRules)
  const { random = seeded(1), ...everywhere } = options

  const ways = new Ways(everywhere, random)
  const ports = new Ports()
  const wires = new Set<MemoryWire>()
  const down = new Set<string>()

  function connect(from: string, target: MemoryTarget) {
    checkOptions('memory.connect', target, targetRules, ['port'])
    const { host = from, port, connectTimeout = CONNECT_TIMEOUT, ...connection } = target
    const remote = { address: host, port }
    return dial(remote, connection, line => {
      const [there, back] = ways.paths(from, host)
      const local = { address: from, port: ports.free(from) }
      const client = new MemoryWire(local, remote, there, random, wire => wires.delete(wire)).tell(line)
      wires.add(client)
      there.carry(0, client, () => {
        knock(client, back)
      })
      if (client.awaiting && connectTimeout !== Infinity) {
        client.deadline = timer(connectTimeout).subscribe(() => {
          line.destroy(unanswered(remote, connectTimeout))
        })
      }
      return client
    })
  }

  /** A dial has reached its host. */
  function knock(client: MemoryWire, back: Path): void {
    const { local, remote } = client
    const { refuse, stall } = back.settings
    if (client.gone || down.has(remote.address) || happens(stall)) return
    const gate = ports.gateAt(remote)
    if (gate === undefined || happens(refuse)) {
      back.carry(0, client, () => {
        client.vanish(systemError('ECONNREFUSED', 'connect', remote))
      })
      return
    }
    const server = new MemoryWire(remote, local, back, random, wire => {
      wires.delete(wire)
      gate.withdraw(wire)
    })
    wires.add(server)
    client.peer = server
    server.peer = client
    server.answered()
    back.carry(0, client, () => {
      client.answered()
    })
    gate.offer(server)
  }

  function listen(at: string, place: MemoryPlace) {
    checkOptions('memory.listen', place, placeRules, ['port'])
    const { port, backlog = BACKLOG, ...connection } = place
    return bind(connection, host => {
      const endpoint = { address: at, port: port === 0 ? ports.free(at) : port }
      const taken = () => systemError('EADDRINUSE', 'listen', endpoint)
      const gate = new Gate<MemoryWire>({
        backlog,
        endpoint: () => endpoint,
        accept: wire => host.accept(line => wire.tell(line)),
        refuse: wire => {
          wire.destroy()
        },
        close: () => {
          ports.release(bound)
          host.closed()
        },
        suspend: () => {
          ports.release(bound)
        },
        restore: () => {
          if (ports.bind(bound)) gate.restored()
          else gate.failed(taken())
        },
      })
      const bound: Bound = { gate, lost: error => host.failed(error) }
      if (!ports.bind(bound)) {
        host.failed(taken())
        return () => {}
      }
      down.delete(at)
      host.listening(gate)
      return () => {
        gate.close()
      }
    })
  }

  function happens(chance: number): boolean {
    return chance > 0 && random() < chance
  }

  function host(name: string): MemoryTransport {
    return {
      connect: target => connect(name, target),
      listen: place => listen(name, place),
    }
  }

  return {
    ...host(HOME),
    host,

    link(a, b, changes) {
      checkOptions('memory.link', changes, linkRules)
      ways.change(a, b, changes)
    },

    cut(a, b) {
      ways.cut(a, b)
    },

    heal(a, b) {
      ways.heal(a, b)
    },

    reset(a, b) {
      for (const wire of [...wires]) if (isBetween(wire, a, b)) wire.reset()
    },

    kill(name, { silent = false } = {}) {
      if (silent) down.add(name)
      // Its ports first: who is told of the end of a connection may dial again at once.
      const lost = ports.releaseAll(name)
      for (const wire of [...wires])
        if (wire.local.address === name) wire.fail(systemError('ENETDOWN', 'read', wire.local), silent)
      // And those that were bound again as their connections went.
      for (const { gate, lost: tell } of [...lost, ...ports.releaseAll(name)])
        tell(systemError('ENETDOWN', 'listen', gate.endpoint))
    },

    get open() {
      return ports.size + wires.size
    },
  }
}

function isBetween({ local, remote }: MemoryWire, a: string, b: string | undefined): boolean {
  const isA = (end: Endpoint) => end.address === a
  const isB = (end: Endpoint) => (b === undefined ? end.address !== a : end.address === b)
  return (isA(local) && isB(remote)) || (isB(local) && isA(remote))
}

function unanswered({ address, port }: Endpoint, timeout: number): SluiceError {
  return new SluiceError('ERR_CONNECT_TIMEOUT', `no answer from ${address}:${port} within ${timeout} ms`)
}
