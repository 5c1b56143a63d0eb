import { Observable, type Subscription } from 'rxjs'
import { after, now } from '../connection/clock.js'
import type { ServerInfo } from './server-info.js'

/** What is counted. */
export interface Counted {
  /** Emits when that changes. */
  readonly changes: Observable<unknown>
  readonly info: () => ServerInfo
  /** Whether it will not change for now. */
  readonly over: () => boolean
}

/** What is counted: now, and after changes, at least `every` milliseconds apart. A timer runs only while a change waits to be told. */
export function infos({ changes, info, over }: Counted, every: number): Observable<ServerInfo> {
  return new Observable(subscriber => {
    let toldAt = now()
    let due: Subscription | undefined
    const tell = (): void => {
      due?.unsubscribe()
      due = undefined
      toldAt = now()
      subscriber.next(info())
    }
    const changed = (): void => {
      const left = Math.min(every, toldAt + every - now())
      if (left <= 0 || over()) tell()
      else if (left < Infinity) due ??= after(left, tell)
    }
    subscriber.add(changes.subscribe(changed))
    subscriber.add(() => due?.unsubscribe())
    tell()
  })
}
