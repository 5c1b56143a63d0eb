import type { Observable } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import type { ConnectionEvent } from '../connection/event.js'
import type { Outlet } from '../connection/outlet.js'
import type { RecordingConnection } from './recording-connection.js'

/** What goes on in a script, whatever its packets are. */
export type ScriptConnection = RecordingConnection<unknown>
export type ScriptEvent = ConnectionEvent<unknown, ScriptConnection>

/** Where the events of a script go. */
export interface Stage {
  readonly outlet: Outlet<ScriptEvent>
  readonly appear: (connection: ScriptConnection) => void
  /** Nothing is held back any more. */
  readonly caughtUp: () => void
  /** A connection was destroyed by whoever is tested. */
  readonly destroyed: (error: Error | undefined) => void
}

/** What RxJS makes of a diagram, cold or hot. */
export interface Source extends Observable<string> {
  readonly messages: Cold['messages']
  readonly subscriptions: Cold['subscriptions']
}

type Cold = ReturnType<RunHelpers['cold']>
