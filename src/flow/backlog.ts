import { SluiceError } from '../connection/errors.js'
import { bytes, callback, count, type Rule, type Rules } from '../connection/options.js'

/**
 * What becomes of packets that come faster than they can be sent: the connection fails with `ERR_SEND_OVERFLOW`, the
 * oldest or the newest of those that wait are dropped, or only the latest of those with the same key waits (and the
 * oldest are dropped).
 */
export type Overflow<Out> = 'fail' | 'drop-oldest' | 'drop-newest' | { readonly latestBy: (packet: Out) => unknown }

/** How much may wait of what can't be slowed. */
export interface BacklogOptions<Out> {
  /** What becomes of packets when more would wait than may. */
  readonly overflow: Overflow<Out>
  /** How many packets may wait for one connection. Default 1 024. */
  readonly maxPackets?: number
  /** How many bytes of packets may wait for one connection. Default 1 MiB. */
  readonly maxBytes?: number
  /**
   * The bytes of a packet. Default: those of a `Uint8Array`, a string's length, and 0 for what only counts as a packet.
   */
  readonly size?: (packet: Out) => number
}

const overflowRule: Rule = value =>
  value === 'fail' || value === 'drop-oldest' || value === 'drop-newest' || typeof latestBy(value) === 'function'
    ? undefined
    : "must be 'fail', 'drop-oldest', 'drop-newest' or { latestBy: function }"

export const backlogRules: Rules<BacklogOptions<unknown>> = {
  overflow: overflowRule,
  maxPackets: count,
  maxBytes: bytes,
  size: callback,
}

/** The packets that wait for room, by their key: a number where the rule knows no other. */
export class Backlog {
  readonly #options: Required<BacklogOptions<unknown>>
  readonly #waiting = new Map<unknown, Entry>()
  #bytes = 0
  #newest = 0

  constructor(options: BacklogOptions<unknown>) {
    const { overflow, maxPackets = 1_024, maxBytes = 1024 * 1024, size = sizeOf } = options
    this.#options = { overflow, maxPackets, maxBytes, size }
  }

  get empty(): boolean {
    return this.#waiting.size === 0
  }

  /** Answers how many packets it takes the place of. */
  put(packet: unknown): number {
    const { overflow, size } = this.#options
    const entry = { packet, size: size(packet) }
    const key = typeof overflow === 'object' ? overflow.latestBy(packet) : (this.#newest += 1)
    const replaced = this.#waiting.get(key)
    this.#waiting.set(key, entry)
    this.#bytes += entry.size - (replaced?.size ?? 0)
    return replaced === undefined ? 0 : 1
  }

  /** Takes the oldest out. */
  shift(): Entry | undefined {
    for (const key of this.#waiting.keys()) return this.#delete(key)
    return undefined
  }

  /** Drops what is too much, and answers how many packets that were, or what is wrong if the rule is to fail. */
  trim(): number | SluiceError {
    const { overflow, maxPackets, maxBytes } = this.#options
    let dropped = 0
    for (; this.#waiting.size > maxPackets || this.#bytes > maxBytes; dropped += 1) {
      if (overflow === 'fail') return tooMuch(maxPackets, maxBytes)
      if (overflow === 'drop-newest') this.#delete(this.#newest)
      else this.shift()
    }
    return dropped
  }

  #delete(key: unknown): Entry | undefined {
    const entry = this.#waiting.get(key)
    this.#waiting.delete(key)
    this.#bytes -= entry?.size ?? 0
    return entry
  }
}

interface Entry {
  readonly packet: unknown
  readonly size: number
}

function tooMuch(packets: number, bytes: number): SluiceError {
  return new SluiceError(
    'ERR_SEND_OVERFLOW',
    `more would wait than the ${packets} packets of maxPackets, or the ${bytes} bytes of maxBytes: ` +
      'the peer does not read as fast as the source emits',
  )
}

function sizeOf(packet: unknown): number {
  if (packet instanceof Uint8Array) return packet.byteLength
  return typeof packet === 'string' ? packet.length : 0
}

function latestBy(overflow: unknown): unknown {
  return typeof overflow === 'object' && overflow !== null && 'latestBy' in overflow ? overflow.latestBy : undefined
}
