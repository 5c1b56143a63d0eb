import { asyncScheduler } from 'rxjs'

const { now } = asyncScheduler

/** Sets the clock, until `resetClock`. What waits by a timer waits no longer or shorter for it. */
export function setClock(by: number): void {
  asyncScheduler.now = () => now() + by
}

export function resetClock(): void {
  asyncScheduler.now = now
}
