import {
  EMPTY,
  catchError,
  map,
  mergeMap,
  observeOn,
  of,
  queueScheduler,
  type MonoTypeOperatorFunction,
  type Observable,
} from 'rxjs'
import type { Connection, ConnectionEvent, TlsSession } from 'sluice'

/**
 * Connections that are put on TLS as soon as they are open, and are told to be open when that is done; what fails
 * before was never opened.
 */
export function startedTls(
  start: (connection: Connection) => Observable<TlsSession>,
): MonoTypeOperatorFunction<ConnectionEvent> {
  return source =>
    source.pipe(
      mergeMap(event =>
        event.type !== 'open'
          ? of(event)
          : start(event.connection).pipe(
              map(() => event),
              catchError(() => EMPTY),
            ),
      ),
      observeOn(queueScheduler), // Law 11, of what the answer tells.
    )
}
