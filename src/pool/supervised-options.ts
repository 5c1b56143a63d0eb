import type { Observable } from 'rxjs'

/** How long a plan holds, and what ends its waits. */
export interface SupervisedOptions {
  /** How often the plan is gone through; an end after that is the last. 0 is legal. Default 1; `Infinity` for ever. */
  readonly rounds?: number
  /** Ends a wait at once, that of a `wait` too; it is subscribed for as long as a wait lasts. */
  readonly now?: Observable<unknown>
}
