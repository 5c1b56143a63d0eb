import { asyncScheduler } from 'rxjs'

/** Milliseconds since 1970 by the clock of RxJS, which a marble test makes virtual. */
export function now(): number {
  return asyncScheduler.now()
}
