import type { Observable } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import type { ConnectionEvent } from '../connection/event.js'
import type { RecordingConnection } from './recording-connection.js'

/** What goes on in a script, whatever its packets are. */
export type ScriptConnection = RecordingConnection<unknown>
export type ScriptEvent = ConnectionEvent<unknown, ScriptConnection>

/** What RxJS makes of a diagram, cold or hot. */
export interface Source extends Observable<string> {
  readonly messages: Cold['messages']
  readonly subscriptions: Cold['subscriptions']
}

type Cold = ReturnType<RunHelpers['cold']>
