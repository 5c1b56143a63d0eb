import type { ConnectionOf, SentOf, WithConnection } from '../connection/event.js'
import type { LeakEvent } from './leak.js'
import type { Member, MemberConnection } from './member.js'

/** The stream of a member is over, with an error where it has failed. The others go on. */
export interface FinishedEvent<in Out = Uint8Array, out At = undefined> {
  readonly type: 'finished'
  /** The one that is over: `restart` starts it again. */
  readonly member: Member<Out, At>
  /** What its stream has failed with; left out where it has completed, or was to go. */
  readonly error?: unknown
}

/** The Observable of endpoints has failed, or emitted what is no list (`ERR_OPTIONS`): the members stay, and no more will come or go. */
export interface EndpointsEvent {
  readonly type: 'endpoints'
  /** What it has failed with. */
  readonly error: unknown
}

/** A member's connection, with what else its own has: a WebSocket's `protocol`, what `negotiate` knows. */
type OfMember<C, M> = [M] extends [C] ? M : C & M

/** The events `E` of a member, as its pool tells them. */
export type Pooled<E, At = undefined> =
  | WithConnection<E, OfMember<ConnectionOf<E>, MemberConnection<SentOf<E>, At>>>
  | FinishedEvent<SentOf<E>, At>
  | LeakEvent<SentOf<E>, At>
  | EndpointsEvent
