import type { Endpoint } from '../connection/connection.js'
import type { Gate } from '../connection/listener.js'
import type { MemoryWire } from './memory-wire.js'

/** A port that somebody listens on. */
export interface Bound {
  readonly gate: Gate<MemoryWire>
  /** It is taken from who listens. */
  readonly lost: (error: Error) => void
}

const FIRST_FREE = 49_152
const LAST = 65_535

/** The ports of all hosts: which are bound, and which come next. */
export class Ports {
  readonly #bound = new Map<string, Bound>()
  /** Of each host the one that was given last. */
  readonly #given = new Map<string, number>()

  /** How many are bound. */
  get size(): number {
    return this.#bound.size
  }

  /** One that is free, for whom it is all the same. */
  free(host: string): number {
    const last = this.#given.get(host) ?? LAST
    const port = last === LAST ? FIRST_FREE : last + 1
    this.#given.set(host, port)
    return this.#bound.has(keyOf({ address: host, port })) ? this.free(host) : port
  }

  /** Who listens there. */
  gateAt(endpoint: Endpoint): Gate<MemoryWire> | undefined {
    return this.#bound.get(keyOf(endpoint))?.gate
  }

  /** Binds where its gate is, and answers whether that was free. */
  bind(bound: Bound): boolean {
    const key = keyOf(bound.gate.endpoint)
    if (this.#bound.has(key)) return false
    this.#bound.set(key, bound)
    return true
  }

  /** Frees it, unless it is somebody else's by now. */
  release(bound: Bound): void {
    const key = keyOf(bound.gate.endpoint)
    if (this.#bound.get(key) === bound) this.#bound.delete(key)
  }

  /** Frees all of a host, and answers what was bound there. */
  releaseAll(host: string): readonly Bound[] {
    const all = [...this.#bound.values()].filter(({ gate }) => gate.endpoint.address === host)
    for (const bound of all) this.release(bound)
    return all
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${port} ${address}`
}
