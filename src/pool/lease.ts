import type { Observable } from 'rxjs'
import type { SentOf, TypedEvent } from '../connection/event.js'
import type { MemberConnection } from './member.js'
import type { Pooled } from './pooled.js'

/**
 * One connection of a pool for yourself, until you give it back.
 *
 * @typeParam E the events of a member
 * @typeParam At the endpoints of its members
 */
export interface Lease<E extends TypedEvent, At = undefined> {
  /** What you have for yourself: send on it, and hear `events`. */
  readonly connection: MemberConnection<SentOf<E>, At>

  /**
   * What happens on it from now on, its packets included, which nobody else hears; it completes behind the `close`, and
   * when the lease is over. While nobody is subscribed the connection is paused.
   */
  readonly events: Observable<Pooled<E, At>>

  /**
   * Gives it back as good as new: nothing is under way on it, and who has it next may begin afresh. The lease completes.
   * Who unsubscribes without has not said so, and the connection is destroyed and replaced.
   */
  release(): void
}
