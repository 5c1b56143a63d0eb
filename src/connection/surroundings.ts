import type { ConnectionOptions } from './connection-options.js'
import type { Connection, Endpoint } from './connection.js'
import type { CloseEvent, ConnectionEvent } from './event.js'
import type { Outlet } from './outlet.js'

/** What the connections of one subscription have in common, as one of them sees it. */
export interface Surroundings<In, Out> {
  readonly outlet: Outlet<ConnectionEvent<In, Connection<Out>>>
  readonly options: Required<ConnectionOptions>
  /** What is dialled, if anything is. */
  readonly target: Endpoint | undefined
  readonly startedAt: number
  /** Those that have to be closed in time. */
  readonly closing: Register<Connection<Out>>
  /** Those that have to make progress with what they write. */
  readonly writing: Register<Connection<Out>>
  gone(connection: Connection<Out>, close: CloseEvent<Connection<Out>>): void
}

interface Register<T> {
  add(item: T): void
  delete(item: T): void
}
