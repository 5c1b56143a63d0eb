import { EMPTY, type Observable } from 'rxjs'

/** How a listener tells that it has closed. Its stream does so later, when its last connection has, too. */
export const closing = Symbol('sluice.closing')

export interface TellsClosing {
  readonly [closing]: Observable<void>
}

/** Emits when a listener closes, where that can tell, and completes. */
export function closingOf(listener: object): Observable<void> {
  return (listener as Partial<TellsClosing>)[closing] ?? EMPTY
}
