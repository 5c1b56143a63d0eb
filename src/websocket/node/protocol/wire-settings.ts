import type { MessageOptions } from '../message-options.js'

/** What two ends have agreed upon about compression: of what we send (`ours`), and of what comes (`theirs`). */
export interface DeflateSettings {
  readonly threshold: number
  readonly maxRatio: number
  readonly level: number
  readonly ours: Compression
  readonly theirs: Compression
}

export interface Compression {
  /** Whether messages refer to the ones before. */
  readonly takeover: boolean
  /** The base-two logarithm of the window, 8 to 15. */
  readonly windowBits: number
}

/** What one connection's wire has to know, once its handshake is done. */
export interface WireSettings {
  readonly role: 'client' | 'server'
  /** As agreed upon, or the empty string. */
  readonly protocol: string
  readonly limits: Limits
  /** Whether pings and pongs are told. */
  readonly control: boolean
  readonly deflate: DeflateSettings | undefined
}

export interface Limits {
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxPings: number
}

/** The options' part of the settings, with its defaults; the same object for all connections of a subscription. */
export function limitsOf({ maxPayload = 1024 * 1024, maxFragments = 1024, maxPings = 100 }: MessageOptions): Limits {
  return { maxPayload, maxFragments, maxPings }
}
