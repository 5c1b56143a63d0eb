import { asyncScheduler, type Subscription } from 'rxjs'

/** Milliseconds since 1970 by the clock of RxJS, which a marble test makes virtual. */
export function now(): number {
  return asyncScheduler.now()
}

/** Does something in so many milliseconds by that clock: RxJS's `timer` without its Observable, for what every connection waits for. */
export function after(delay: number, task: () => void): Subscription {
  return asyncScheduler.schedule(task, delay)
}
