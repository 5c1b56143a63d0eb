import { reasonOf } from './close-reason.js'
import { asError } from './errors.js'
import type { CloseReason } from './event.js'

/** How a connection comes to its end: who ends it and why, and how much of that may still be told. A live one has none. */
export class Ending {
  reason: CloseReason | undefined = undefined
  error: Error | undefined = undefined
  /** The peer's end has been told. */
  heard = false
  /** Nothing but the `close` may be told any more. */
  muted = false
  /** The wire is gone; its `close` is told, or held. */
  gone = false

  /** What went wrong is why it closes, unless we were closing it. */
  failed(thrown: unknown): void {
    this.error = asError(thrown)
    if (this.reason !== 'local' && this.reason !== 'shutdown') this.reason = reasonOf(this.error)
  }
}
