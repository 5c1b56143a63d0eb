import { above, boolean, bytes, milliseconds, type Beside, type Rules } from './options.js'

/** What every transport's connections have in common. */
export interface ConnectionOptions {
  /** From how many bytes waiting on `send` answers `false`; at most `maxBuffered`. Default 65 536, or `maxBuffered` if that is less. */
  readonly highWaterMark?: number
  /** Down to how many bytes must have been written until the `drain`; at most `highWaterMark`. Default 16 384, or that if it is less. */
  readonly lowWaterMark?: number
  /** Beyond how many bytes waiting the connection is destroyed with `ERR_SEND_OVERFLOW`. Default 16 MiB. */
  readonly maxBuffered?: number
  /** Whether we stay open after the peer's `end`, until we close or end ourselves. Default `false`: its end is answered with ours. */
  readonly halfOpen?: boolean
  /** How long a `close()`, or the flush after unsubscribing, may take, in milliseconds. Default 5 000; `Infinity` for no limit. */
  readonly closeTimeout?: number
  /** How long bytes may wait without one being written, in milliseconds. Default 30 000; `Infinity` for no limit. */
  readonly writeTimeout?: number
}

export const connectionDefaults: Required<ConnectionOptions> = {
  highWaterMark: 64 * 1024,
  lowWaterMark: 16 * 1024,
  maxBuffered: 16 * 1024 * 1024,
  halfOpen: false,
  closeTimeout: 5_000,
  writeTimeout: 30_000,
}

export const connectionRules: Rules<ConnectionOptions> = {
  highWaterMark: (value, beside) => bytes(value) ?? above(value, 'maxBuffered', bounds(beside).maxBuffered),
  lowWaterMark: (value, beside) => bytes(value) ?? above(value, 'highWaterMark', bounds(beside).highWaterMark),
  maxBuffered: bytes,
  halfOpen: boolean,
  closeTimeout: milliseconds,
  writeTimeout: milliseconds,
}

/** What the marks have to stay below: those that are left out give way to those that are not. */
function bounds({ maxBuffered = connectionDefaults.maxBuffered, highWaterMark }: Beside = {}) {
  return {
    maxBuffered,
    highWaterMark: highWaterMark ?? Math.min(connectionDefaults.highWaterMark, Number(maxBuffered)),
  }
}

/** The connection's part of a transport's options, with its defaults. */
export function connectionOptions({
  maxBuffered = connectionDefaults.maxBuffered,
  highWaterMark = Math.min(connectionDefaults.highWaterMark, maxBuffered),
  lowWaterMark = connectionDefaults.lowWaterMark,
  halfOpen = connectionDefaults.halfOpen,
  closeTimeout = connectionDefaults.closeTimeout,
  writeTimeout = connectionDefaults.writeTimeout,
}: ConnectionOptions): Required<ConnectionOptions> {
  return {
    highWaterMark,
    lowWaterMark: Math.min(lowWaterMark, highWaterMark),
    maxBuffered,
    halfOpen,
    closeTimeout,
    writeTimeout,
  }
}
