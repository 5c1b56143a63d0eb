import { timer } from 'rxjs'
import { bind } from '../connection/bind.js'
import type { Endpoint } from '../connection/connection.js'
import { dial } from '../connection/dial.js'
import { SluiceError } from '../connection/errors.js'
import { Gate } from '../connection/listener.js'
import { checkOptions } from '../connection/options.js'
import type { Transport } from '../connection/transport.js'
import {
  linkDefaults,
  linkRules,
  memoryRules,
  placeRules,
  targetRules,
  type LinkOptions,
  type LinkSettings,
  type MemoryOptions,
  type MemoryPlace,
  type MemoryTarget,
} from './memory-options.js'
import { MemoryWire } from './memory-wire.js'
import { Path } from './path.js'
import { seeded } from '../connection/seeded.js'
import { systemError } from './system-error.js'

/** One host's way to be connected in memory. */
export type MemoryTransport = Transport<MemoryTarget, MemoryPlace>

/** A network of hosts in memory, and what can happen to it. It is itself the transport of the host `localhost`. */
export interface MemoryNetwork extends MemoryTransport {
  /** The transport of a host. There are as many hosts as are named. */
  host(name: string): MemoryTransport
  /** Changes how the way between two hosts is, from what is sent now on; what is left out stays as it is. */
  link(a: string, b: string, options: LinkOptions): void
  /**
   * Nothing gets through between two hosts, or between one and all others, and nobody is told: connections are silent,
   * dials stall. What is sent meanwhile arrives after `heal`, as TCP sends again what was lost.
   */
  cut(a: string, b?: string): void
  /**
   * Ends a `cut` of the same hosts: what was sent meanwhile arrives, and what was dialled goes on, where no other `cut` is between them.
   */
  heal(a: string, b?: string): void
  /** Resets the connections between two hosts, or between one and all others: both ends see `ECONNRESET` at once. */
  reset(a: string, b?: string): void
  /**
   * Takes a host down. Its ports are free, its own connections close and its listening streams error, all with
   * `ENETDOWN`. The peers see a reset, or, with `silent`, nothing ever. It may be listened on again.
   */
  kill(host: string, options?: { readonly silent?: boolean }): void
  /** How many ports are bound and how many ends of connections are alive: 0 says that nothing was left behind. */
  readonly open: number
}

interface Link {
  readonly a: string
  readonly b: string
  readonly settings: LinkSettings
  readonly forth: Path
  readonly back: Path
}

const HOME = 'localhost'
const FIRST_FREE_PORT = 49_152
const LAST_PORT = 65_535
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

  const links = new Map<string, Link>()
  const bound = new Map<string, { readonly gate: Gate<MemoryWire>; readonly lost: (error: Error) => void }>()
  const wires = new Set<MemoryWire>()
  const lastPorts = new Map<string, number>()
  const isolated = new Set<string>()
  const severed = new Set<Link>()
  const down = new Set<string>()

  function linkOf(one: string, other: string): Link {
    const [a, b] = one < other ? [one, other] : [other, one]
    const key = JSON.stringify([a, b])
    const known = links.get(key)
    if (known !== undefined) return known
    const settings = { ...linkDefaults, ...given(everywhere) }
    const forth = new Path(() => settings, random)
    const back = new Path(() => settings, random)
    const link = { a, b, settings, forth, back }
    links.set(key, link)
    settle(link)
    return link
  }

  function isCut(link: Link): boolean {
    const { a, b } = link
    return severed.has(link) || (a !== b && (isolated.has(a) || isolated.has(b)))
  }

  function settle(link: Link): void {
    if (isCut(link)) cutLink(link)
    else healLink(link)
  }

  function freePort(host: string): number {
    const last = lastPorts.get(host) ?? 0
    const port = last < FIRST_FREE_PORT || last === LAST_PORT ? FIRST_FREE_PORT : last + 1
    lastPorts.set(host, port)
    return bound.has(keyOf({ address: host, port })) ? freePort(host) : port
  }

  function connect(from: string, target: MemoryTarget) {
    checkOptions('memory.connect', target, targetRules, ['port'])
    const { host = from, port, connectTimeout = CONNECT_TIMEOUT, ...connection } = target
    const remote = { address: host, port }
    return dial(remote, connection, line => {
      const link = linkOf(from, host)
      const [there, back] = from === link.a ? [link.forth, link.back] : [link.back, link.forth]
      const local = { address: from, port: freePort(from) }
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
    const gate = bound.get(keyOf(remote))?.gate
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
      const endpoint = { address: at, port: port === 0 ? freePort(at) : port }
      const key = keyOf(endpoint)
      if (bound.has(key)) {
        host.failed(systemError('EADDRINUSE', 'listen', endpoint))
        return () => {}
      }
      const gate = new Gate<MemoryWire>({
        backlog,
        endpoint: () => endpoint,
        accept: wire => host.accept(line => wire.tell(line)),
        refuse: wire => {
          wire.destroy()
        },
        close: () => {
          free()
          host.closed()
        },
        suspend: () => {
          free()
        },
        restore: () => {
          if (bound.has(key)) {
            gate.failed(systemError('EADDRINUSE', 'listen', endpoint))
            return
          }
          bound.set(key, entry)
          gate.restored()
        },
      })
      const entry = { gate, lost: (error: Error) => host.failed(error) }
      const free = () => {
        if (bound.get(key) === entry) bound.delete(key)
      }
      bound.set(key, entry)
      down.delete(at)
      host.listening(gate)
      return () => {
        gate.close()
      }
    })
  }

  function unbind(host: string) {
    const ports = [...bound].filter(([, { gate }]) => gate.endpoint.address === host)
    for (const [key] of ports) bound.delete(key)
    return ports.map(([, port]) => port)
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
      Object.assign(linkOf(a, b).settings, given(changes))
    },

    cut(a, b) {
      if (b === undefined) isolated.add(a)
      else severed.add(linkOf(a, b))
      links.forEach(settle)
    },

    heal(a, b) {
      if (b === undefined) isolated.delete(a)
      else severed.delete(linkOf(a, b))
      links.forEach(settle)
    },

    reset(a, b) {
      for (const wire of [...wires]) if (isBetween(wire, a, b)) wire.reset()
    },

    kill(name, { silent = false } = {}) {
      if (silent) down.add(name)
      // Its ports first: who is told of the end of a connection may dial again at once.
      const ports = unbind(name)
      for (const wire of [...wires])
        if (wire.local.address === name) wire.fail(systemError('ENETDOWN', 'read', wire.local), silent)
      // And those that were bound again as their connections went.
      for (const { gate, lost } of [...ports, ...unbind(name)]) lost(systemError('ENETDOWN', 'listen', gate.endpoint))
    },

    get open() {
      return bound.size + wires.size
    },
  }
}

/** Without what is left out by being undefined. */
function given(options: LinkOptions): LinkOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function keyOf({ address, port }: Endpoint): string {
  return `${port} ${address}`
}

function cutLink({ forth, back }: Link): void {
  forth.cut()
  back.cut()
}

function healLink({ forth, back }: Link): void {
  forth.heal()
  back.heal()
}

function isBetween({ local, remote }: MemoryWire, a: string, b: string | undefined): boolean {
  const isA = (end: Endpoint) => end.address === a
  const isB = (end: Endpoint) => (b === undefined ? end.address !== a : end.address === b)
  return (isA(local) && isB(remote)) || (isB(local) && isA(remote))
}

function unanswered({ address, port }: Endpoint, timeout: number): SluiceError {
  return new SluiceError('ERR_CONNECT_TIMEOUT', `no answer from ${address}:${port} within ${timeout} ms`)
}
