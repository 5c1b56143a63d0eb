/**
 * Why a connection was refused: there are `maxConnections` (`full`), or `maxPerAddress` from where it comes
 * (`address`), or the server was drained before it was open (`draining`).
 */
export type RefusalCause = 'full' | 'address' | 'draining'

/** What a server has counted since it was subscribed to. */
export interface ServerInfo {
  /** How many are open. */
  readonly active: number
  /** How many are connected and have to wait until there is room. */
  readonly waiting: number
  /** How many were open at once, at the most. */
  readonly peak: number
  /** How many were let in. */
  readonly accepted: number
  /** How many were connected and were not let in, by cause; `files`: the process may open hardly any more, and no event tells of it. */
  readonly refused: Readonly<Record<RefusalCause | 'files', number>>
  /** How many the listeners turned away unopened: more than `backlog` waited there, or they were closed. */
  readonly turnedAway: number
  /** How many left while they waited. */
  readonly left: number
  /** Bytes that have come over the network, of those who are open and who were. */
  readonly bytesRead: number
  /** Bytes that were handed to the system, of the same. */
  readonly bytesWritten: number
  /** How often the listeners failed to accept: for the lack of files, say. */
  readonly failures: number
  /** What it said last. */
  readonly lastFailure: Error | undefined
}

export const nothingYet: ServerInfo = {
  active: 0,
  waiting: 0,
  peak: 0,
  accepted: 0,
  refused: { full: 0, address: 0, draining: 0, files: 0 },
  turnedAway: 0,
  left: 0,
  bytesRead: 0,
  bytesWritten: 0,
  failures: 0,
  lastFailure: undefined,
}
