import { Observable, ReplaySubject, Subject } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import type { ConnectionEvent } from '../connection/event.js'
import { Outlet } from '../connection/outlet.js'
import type { Letters } from './letters.js'
import type { RecordingConnection } from './recording-connection.js'
import { ScriptRow } from './script-row.js'
import type { ScriptConnection, ScriptEvent, Source } from './script-source.js'

/** A diagram's events, and the connections that they are about. */
export interface Script<In = string, Out = In> extends Observable<ConnectionEvent<In, RecordingConnection<Out>>> {
  /** All connections that there were so far: those of the first subscription, top to bottom, then those of the next. */
  readonly connections: readonly RecordingConnection<Out>[]
  /** The same, as they appear. */
  readonly appeared: Observable<RecordingConnection<Out>>
  /** For `expectSubscriptions`. */
  readonly subscriptions: Source['subscriptions']
}

/** What a script plays. */
export interface Play {
  /** One for each connection that is there at once. */
  readonly diagrams: readonly string[]
  readonly letters: Letters
  readonly error: unknown
}

export function coldScript<In, Out>(helpers: RunHelpers, play: Play): Script<In, Out> {
  return asScript(helpers, appear => performance(play, appear, diagram => helpers.cold(diagram, undefined, play.error)))
}

export function hotScript<In, Out>(helpers: RunHelpers, play: Play): Script<In, Out> {
  return asScript(helpers, appear => {
    const events = new Subject<ScriptEvent>()
    // From the start, as what nobody has seen has happened to the connections all the same.
    performance(play, appear, diagram => helpers.hot(diagram, undefined, play.error)).subscribe(events)
    return events
  })
}

function asScript<In, Out>(
  helpers: RunHelpers,
  start: (appear: (connection: ScriptConnection) => void) => Observable<ScriptEvent>,
): Script<In, Out> {
  const connections: ScriptConnection[] = []
  const appeared = new ReplaySubject<ScriptConnection>(Infinity)
  const log = helpers.cold('')
  const events = start(connection => {
    connections.push(connection)
    appeared.next(connection)
  })
  const logged = new Observable<ScriptEvent>(subscriber => {
    subscriber.add(log.subscribe())
    return events.subscribe(subscriber)
  })
  const { subscriptions } = log
  return Object.assign(logged, { connections, appeared, subscriptions }) as Observable<unknown> as Script<In, Out>
}

/** One playing of the diagrams, until one of them ends. */
function performance(
  { diagrams, letters }: Play,
  appear: (connection: ScriptConnection) => void,
  source: (diagram: string) => Source,
): Observable<ScriptEvent> {
  return new Observable(subscriber => {
    const outlet = new Outlet(subscriber)
    const sources = diagrams.map(source)
    const rows = sources.map(
      ({ messages }) => new ScriptRow(messages, letters, { outlet, appear, caughtUp, destroyed }),
    )
    let completed = false

    function caughtUp(): void {
      if (completed && rows.every(row => row.caughtUp)) outlet.complete()
    }

    /** A dial has only one connection to tell of. */
    function destroyed(error: Error | undefined): void {
      if (!isDial(diagrams)) return
      if (error === undefined) outlet.complete()
      else outlet.error(error)
    }

    for (const row of rows) subscriber.add(row.subscription)
    for (const [index, row] of rows.entries()) {
      const played = sources[index]?.subscribe({
        next(letter) {
          row.play(letter)
        },
        error(error: unknown) {
          outlet.error(error)
        },
        complete() {
          completed = true
          caughtUp()
        },
      })
      subscriber.add(played)
    }
  })
}

function isDial([first = '', ...others]: readonly string[]): boolean {
  return others.length === 0 && !first.includes('l') && !first.includes('r')
}
