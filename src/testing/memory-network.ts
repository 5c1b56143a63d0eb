import type { Transport } from '../connection/transport.js'
import type { LinkOptions, MemoryPlace, MemoryTarget } from './memory-options.js'

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
