import type { Connection } from '../connection/connection.js'
import { encoder, sendEncoded, sharesEncoder, type Encoder, type SendsEncoded } from '../connection/encoded.js'

/** What becomes of a packet for many where a connection is behind. */
export type Overflow = 'fail' | 'skip'

/** What came of a packet for one connection. `absent` is who can't be sent anything. */
export type Outcome = 'taken' | 'missed' | 'absent'

/** One open connection of a group, and whether it is behind. */
export class Seat<C extends Connection<Out>, Out> {
  readonly connection: C
  /** What makes the bytes that it is sent, where others are sent them too. */
  readonly encoder: Encoder<Out> | undefined
  /** It has answered a packet with `false`, and no `drain` has come since. */
  behind = false
  readonly #sends: SendsEncoded<Out> | undefined
  readonly #receives: (connection: C) => boolean

  constructor(connection: C, receives: (connection: C) => boolean) {
    this.connection = connection
    this.#sends = sharesEncoder<Out>(connection)
    this.encoder = this.#sends?.[encoder]
    this.#receives = receives
  }

  /** Sends a packet, as the bytes that were made of it where there are some. */
  send(packet: Out, pieces: readonly Uint8Array[] | undefined, overflow: Overflow): Outcome {
    const { connection } = this
    const sends = this.#sends
    if (!isOpen(connection) || !this.#receives(connection)) return 'absent'
    if (this.behind && overflow === 'skip') return 'missed'
    if (sends === undefined || pieces === undefined ? connection.send(packet) : sends[sendEncoded](pieces))
      return 'taken'
    this.behind = true
    return isOpen(connection) ? 'taken' : 'missed'
  }
}

/** A function, since it is asked again: sending may have ended it. */
function isOpen({ state }: Connection<never>): boolean {
  return state === 'open'
}
