import type { AnyEvent } from './event.js'
import type { Outlet } from './outlet.js'

/** Who shares a stream: whatever has to be done about an event, he does when he passes it on. */
export interface Sharer {
  pass(event: AnyEvent): void
}

/** Has an event passed on, now or in its turn (law 11). */
export function inTurn(outlet: Outlet<never>, event: AnyEvent, sharer: Sharer): void {
  if (outlet.busy) {
    waitTurn(outlet, event, sharer)
    return
  }
  outlet.enter()
  sharer.pass(event)
  outlet.leave()
}

/**
 * Has an event passed on when what is being told has been. While one waits, so does its connection: what arrives would
 * wait without a bound.
 */
export function waitTurn(outlet: Outlet<never>, event: AnyEvent, sharer: Sharer): void {
  const hold = event.type === 'packet' || event.type === 'end' ? event.connection.pause() : undefined
  outlet.later(() => {
    sharer.pass(event)
    hold?.unsubscribe()
  })
}
