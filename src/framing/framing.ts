import type { Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { Outlet } from '../connection/outlet.js'
import type { Codec } from './codec.js'

/** What the connections of one framed stream have in common, as one of them sees it. */
export interface Framing<In, Out> {
  readonly subscriber: Subscriber<object>
  readonly outlet: Outlet<object>
  /** That of all connections, where there is one. */
  readonly codec: Codec<In, Out> | undefined
  readonly codecFor: (connection: Connection) => Codec<In, Out>
  gone(connection: { readonly id: string }): void
  /** Something was told that had waited: it may have been the last. */
  settle(): void
}
