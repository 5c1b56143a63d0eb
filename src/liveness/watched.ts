import { defer, finalize, tap, type Observable, type OperatorFunction } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, TypedEvent } from '../connection/event.js'

/** Somebody who keeps an eye on the connections of one subscription. */
export interface Watch {
  opened(connection: Connection<never>): void
  heard(connection: Connection<never>): void
  /** Nothing more will arrive on it. */
  silenced(connection: Connection<never>): void
  /** Nothing more will be heard of any. */
  over(): void
}

/** Lets a watch see what passes. */
export function watched<E extends TypedEvent>(start: () => Watch): OperatorFunction<E, E> {
  return source =>
    defer(() => {
      const watch = start()
      return (source as Observable<TypedEvent> as Observable<AnyEvent>).pipe(
        tap(event => {
          if (event.type === 'packet') watch.heard(event.connection)
          else if (event.type === 'open') watch.opened(event.connection)
          else if (event.type === 'end' || event.type === 'close') watch.silenced(event.connection)
        }),
        finalize(() => {
          watch.over()
        }),
      )
    }) as Observable<TypedEvent> as Observable<E>
}
