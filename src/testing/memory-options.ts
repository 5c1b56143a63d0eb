import { connectionRules, type ConnectionOptions } from '../connection/connection-options.js'
import {
  bytes,
  callback,
  count,
  delay,
  milliseconds,
  text,
  within,
  type Rule,
  type Rules,
} from '../connection/options.js'

/** How the way between two hosts is, in each direction. */
export interface LinkOptions {
  /** How long everything is on its way, in milliseconds. Default 0: it is there at once, and no timer is set. */
  readonly latency?: number
  /**
   * Up to how many milliseconds more, drawn anew for each piece; what was sent first still arrives first. Default 0.
   */
  readonly jitter?: number
  /**
   * Bytes per millisecond, shared by all connections of that direction; what takes longer trickles in. Default
   * `Infinity`.
   */
  readonly bandwidth?: number
  /**
   * The bytes of each packet that arrives, over the boundaries of what was sent: a size, or the least and the most of a
   * size that is drawn anew each time. A packet is smaller where no more bytes are at hand. Default: as it was sent.
   */
  readonly chunk?: number | readonly [least: number, most: number]
  /**
   * How many bytes the network takes that the other side has not read yet, before it blocks the writer. Default 65 536.
   */
  readonly window?: number
  /** The chance that a dial is refused, 0 to 1. Default 0. */
  readonly refuse?: number
  /** The chance that a dial is never answered, 0 to 1. Default 0. */
  readonly stall?: number
  /** The chance that a connection is reset, at each piece that it sends, 0 to 1. Default 0. */
  readonly reset?: number
  /** The chance that a connection falls silent for ever, at each piece that it sends, 0 to 1. Default 0. */
  readonly silence?: number
}

/** How a network of hosts in memory is, unless a link says otherwise. */
export interface MemoryOptions extends LinkOptions {
  /**
   * Where all that is left to chance is drawn from: numbers from 0 to less than 1. Default `seeded(1)`: the same in
   * each run.
   */
  readonly random?: () => number
}

/** Whom to dial in memory. */
export interface MemoryTarget extends ConnectionOptions {
  /** Default: the own host. */
  readonly host?: string
  /** The one on which it listens. */
  readonly port: number
  /** How long a dial may stay without an answer, in milliseconds. Default 10 000; `Infinity` for no limit. */
  readonly connectTimeout?: number
}

/** What to bind in memory. */
export interface MemoryPlace extends ConnectionOptions {
  /** 0 picks a free one, which the listener's `endpoint` tells. */
  readonly port: number
  /** How many connections wait at most while the listener is paused. Default 511. */
  readonly backlog?: number
}

export const linkDefaults = {
  latency: 0,
  jitter: 0,
  bandwidth: Infinity,
  chunk: undefined as LinkOptions['chunk'] | undefined,
  window: 64 * 1024,
  refuse: 0,
  stall: 0,
  reset: 0,
  silence: 0,
}

/** The options of a link with their defaults: a link keeps one of these, and changing it changes the link. */
export type LinkSettings = typeof linkDefaults

const chance: Rule = value =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'must be a chance, from 0 to 1'

const rate: Rule = value =>
  typeof value === 'number' && value > 0 ? undefined : 'must be bytes per millisecond, more than 0'

const chunk: Rule = value => {
  const sizes: readonly unknown[] = Array.isArray(value) ? value : [value, value]
  const [least, most] = sizes.map(Number)
  const valid = sizes.length === 2 && sizes.every(size => bytes(size) === undefined) && (least ?? 0) <= (most ?? 0)
  return valid ? undefined : 'must be a whole number of bytes, more than 0, or the least and the most of it'
}

export const linkRules: Rules<LinkOptions> = {
  latency: delay,
  jitter: delay,
  bandwidth: rate,
  chunk,
  window: bytes,
  refuse: chance,
  stall: chance,
  reset: chance,
  silence: chance,
}

export const memoryRules: Rules<MemoryOptions> = { ...linkRules, random: callback }

export const targetRules: Rules<MemoryTarget> = {
  ...connectionRules,
  host: text,
  port: within(1, 65_535),
  connectTimeout: milliseconds,
}

export const placeRules: Rules<MemoryPlace> = { ...connectionRules, port: within(0, 65_535), backlog: count }
