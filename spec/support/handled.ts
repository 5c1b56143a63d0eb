import { tap, type Observable } from 'rxjs'
import type { ConnectionOf, TypedEvent } from 'sluice'

/** A stream, and the connections that it has told of, oldest first, for a test to act on. */
export interface Handled<E extends TypedEvent> {
  readonly stream: Observable<E>
  readonly all: readonly ConnectionOf<E>[]
  /** The latest. */
  readonly connection: ConnectionOf<E>
}

export function handled<E extends TypedEvent>(source: Observable<E>): Handled<E> {
  const all: ConnectionOf<E>[] = []
  return {
    stream: source.pipe(
      tap(event => {
        if (!('connection' in event)) return
        const connection = event.connection as ConnectionOf<E>
        if (!all.includes(connection)) all.push(connection)
      }),
    ),
    all,
    get connection() {
      const latest = all.at(-1)
      if (latest === undefined) throw new Error('no connection yet')
      return latest
    },
  }
}
