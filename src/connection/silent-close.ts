import type { Connection } from './connection.js'
import { asError } from './errors.js'
import type { CloseEvent } from './event.js'

/** What a stream has failed with, which may be anything, `undefined` too. */
export interface Failure {
  readonly error: unknown
}

/**
 * The close of a connection that went in silence, since an operator on the way has failed or left: by law 1 it has one
 * all the same.
 */
export function silentClose<C extends Connection<never>>(connection: C, failure: Failure | undefined): CloseEvent<C> {
  return {
    type: 'close',
    connection,
    ...(failure === undefined ? { reason: 'local' } : { reason: 'error', error: asError(failure.error) }),
    bytesUnsent: connection.bufferedAmount,
  }
}
