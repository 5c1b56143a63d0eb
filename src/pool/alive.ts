import type { Connection } from '../connection/connection.js'
import type { AnyEvent, CloseEvent } from '../connection/event.js'
import { silentClose, type Failure } from '../connection/silent-close.js'

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
