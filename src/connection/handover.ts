import type { Connection } from './connection.js'
import type { Line, Wire } from './wire.js'

/**
 * How the wire of a live connection is changed under it (STARTTLS). Wrappers hand it down and add the bytes that they have read but not
 * yet used, oldest first; a wrapper of something that is not bytes has none.
 */
export const handover = Symbol('sluice.handover')

export interface Handover {
  /** What was read and not yet used: it belongs to the new wire. */
  readonly rest: readonly Uint8Array[]
  readonly wire: Wire
  /** Puts the connection on another wire, which tells the same line from now on. */
  readonly replace: (start: (line: Line) => Wire) => void
}

/** Takes the wire from under a connection, or answers `undefined` where there is none of bytes. */
export function handOver(connection: Connection<never>): Handover | undefined {
  return (connection as Partial<HandsOver>)[handover]?.()
}

export interface HandsOver {
  [handover](): Handover | undefined
}
