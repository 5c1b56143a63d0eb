import type { Connection } from '../connection/connection.js'
import { encoder, sendEncoded, sharesEncoder, type Encoder } from '../connection/encoded.js'

/** What becomes of a packet for many where a connection is behind. */
export type Overflow = 'fail' | 'skip'

/** One open connection of a group, and whether it is behind. */
export class Seat<C extends Connection<Out>, Out> {
  readonly connection: C
  /** It has answered a packet with `false`, and no `drain` has come since. */
  behind = false

  constructor(connection: C) {
    this.connection = connection
  }

  /** What makes the bytes that it is sent, where others are sent them too. */
  get encoder(): Encoder<Out> | undefined {
    return sharesEncoder<Out>(this.connection)?.[encoder]
  }

  /** Sends a packet, as the bytes that were made of it where there are some; answers whether it was taken. */
  send(packet: Out, pieces: readonly Uint8Array[] | undefined, overflow: Overflow): boolean {
    const { connection } = this
    if (this.behind && overflow === 'skip') return false
    const sends = pieces === undefined ? undefined : sharesEncoder<Out>(connection)
    if (sends === undefined || pieces === undefined ? connection.send(packet) : sends[sendEncoded](pieces)) return true
    this.behind = true
    return isOpen(connection)
  }
}

/** A function, since it is asked again: sending may have ended it. */
export function isOpen({ state }: Connection<never>): boolean {
  return state === 'open'
}
