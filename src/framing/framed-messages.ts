import { sendPieces } from '../connection/encoded.js'
import { COPIED } from './codec.js'
import { FramedConnection } from './framed-connection.js'

/** A connection of packets over one of messages: each packet is sent as one, however many pieces its codec writes. */
export class FramedMessages<In, Out> extends FramedConnection<In, Out> {
  #pieces: Uint8Array[] = []
  readonly #gather = (bytes: Uint8Array): void => {
    this.#pieces.push(bytes.length > COPIED ? bytes : new Uint8Array(bytes))
  }

  /** If the codec throws, nothing is out yet. */
  protected override encode(packet: Out): boolean {
    this.#pieces = []
    this.codec.encode(packet, this.#gather)
    return this.#pieces.length === 0 || sendPieces(this.inner, this.#pieces)
  }
}
