import type { MemberConnection } from './member.js'

/** Somebody has had a lease for long, and may have forgotten it. Told once for each. */
export interface LeakEvent<in Out = Uint8Array, out At = undefined> {
  readonly type: 'leak'
  /** The one that he has. */
  readonly connection: MemberConnection<Out, At>
  /** How long he has it, in milliseconds. */
  readonly after: number
  /** Its stack tells where the lease was asked for. */
  readonly place: Error
}
