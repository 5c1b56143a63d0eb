import type { Connection } from '../connection/connection.js'
import { asError } from '../connection/errors.js'
import type { AnyEvent, CloseEvent } from '../connection/event.js'

/** What a stream has failed with, which may be anything, `undefined` too. */
export interface Failure {
  readonly error: unknown
}

/** Which connections of a stream have been told and not closed. */
export class Alive {
  readonly #connections = new Set<Connection<never>>()

  hear(event: AnyEvent): void {
    if (event.type === 'connecting' || event.type === 'open') this.#connections.add(event.connection)
    else if (event.type === 'close') this.#connections.delete(event.connection)
  }

  /** The closes of those that went in silence. */
  closes(failure: Failure | undefined): CloseEvent<Connection<never>>[] {
    const left = [...this.#connections]
    this.#connections.clear()
    return left.map(connection => silentClose(connection, failure))
  }
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
