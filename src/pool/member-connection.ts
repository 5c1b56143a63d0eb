import type { Connection } from '../connection/connection.js'
import { encoder, sendEncoded, sharesEncoder, type Encoder, type SendsEncoded } from '../connection/encoded.js'
import { WrappedConnection } from '../connection/wrap-connection.js'
import type { Member, MemberConnection } from './member.js'

/** The member that a connection is of, as that sees it. */
export interface Home extends Member<unknown, unknown> {
  /** Neither to go nor leased. */
  readonly available: boolean
  /** Nothing is in flight any more. */
  settled(): void
}

/** A connection of a live member: it sends as the one below does. */
export class LiveConnection
  extends WrappedConnection<unknown, unknown>
  implements MemberConnection<unknown, unknown>, SendsEncoded<unknown>
{
  readonly member: Home
  readonly session: number
  #inFlight = 0

  constructor(inner: Connection<unknown>, member: Home) {
    super(inner)
    this.member = member
    this.session = member.session + 1
  }

  get endpoint(): unknown {
    return this.member.endpoint
  }

  get inFlight(): number {
    return this.#inFlight
  }

  set inFlight(count: number) {
    this.#inFlight = count
    if (count === 0) this.member.settled()
  }

  /** It is neither to go nor leased. */
  get available(): boolean {
    return this.member.available && this.member.connection === this
  }

  get [encoder](): Encoder<unknown> | undefined {
    return sharesEncoder(this.inner)?.[encoder]
  }

  send(packet: unknown): boolean {
    return this.inner.send(packet)
  }

  [sendEncoded](pieces: readonly Uint8Array[]): boolean {
    return sharesEncoder(this.inner)?.[sendEncoded](pieces) ?? false
  }

  /** Whether it stands in for this one. */
  wraps(inner: Connection<never>): boolean {
    return this.inner === inner
  }
}
