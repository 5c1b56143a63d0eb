import type { Connection } from './connection.js'

/**
 * What a connection has that says how busy it is: whoever asks something on it adds one, and takes it away when the
 * answer is there, so that a select can choose the least busy.
 */
export interface Loaded {
  /** How much is asked on it and not answered. */
  inFlight: number
  /** Whether more may be asked on it; left out where there is no reason against it but its `state`. */
  readonly available?: boolean
}

/** How a wrapper tells what the one beneath has. */
export const loaded = Symbol('sluice.loaded')

/** What counts the load of a connection: itself, or the nearest one beneath that has a counter. */
export function loadOf(connection: Connection<never>): Loaded | undefined {
  return isLoaded(connection) ? connection : (connection as { readonly [loaded]?: Loaded | undefined })[loaded]
}

function isLoaded(connection: object): connection is Loaded {
  return 'inFlight' in connection && typeof connection.inFlight === 'number'
}
