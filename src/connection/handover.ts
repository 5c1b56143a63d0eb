import type { Connection, Endpoint } from './connection.js'
import type { Wire } from './wire.js'

/**
 * How the wire under a live connection is reached, to be changed (STARTTLS). Wrappers hand it up and add the bytes that they have read but not
 * yet used, oldest first; a wrapper of something that is not bytes has none.
 */
export const handover = Symbol('sluice.handover')

export interface Handover {
  readonly wire: Wire<never>
  /** What was dialled, if we did. */
  readonly target: Endpoint | undefined
  /** Takes what was read and not yet used: it belongs to what comes next on the wire. */
  take(): readonly Uint8Array[]
}

/** The wire under a connection, and the bytes read but not yet used, or `undefined` where there is none of bytes, or not any more. */
export function handOver(connection: Connection<never>): Handover | undefined {
  return (connection as Partial<HandsOver>)[handover]?.()
}

export interface HandsOver {
  [handover](): Handover | undefined
}
