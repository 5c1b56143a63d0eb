import type { Codec, Decoder, DecoderOwner } from './codec.js'

/**
 * A codec whose packets are those of another, translated both ways.
 *
 * What `receive` throws ends the connection (a `SluiceError` keeps its code), what `send` throws comes out of
 * `connection.send`.
 *
 * @example Two-byte numbers
 * ```ts
 * const numbers = mapCodec(
 *   fixed({ length: 2 }),
 *   bytes => new DataView(bytes.buffer, bytes.byteOffset).getUint16(0),
 *   (number: number) => Uint8Array.of(number >> 8, number),
 * )
 * ```
 */
export function mapCodec<In, Out, NewIn, NewOut>(
  codec: Codec<In, Out>,
  receive: (packet: In) => NewIn,
  send: (packet: NewOut) => Out,
): Codec<NewIn, NewOut> {
  return {
    decoder: owner => new MapDecoder(codec, receive, owner),
    encode(packet, write) {
      codec.encode(send(packet), write)
    },
  }
}

class MapDecoder<In, NewIn> implements Decoder<NewIn> {
  readonly #decoder: Decoder<In>
  readonly #told: (packet: In) => boolean
  #emit: (packet: NewIn) => boolean = () => true

  constructor(codec: Codec<In, never>, receive: (packet: In) => NewIn, owner: DecoderOwner | undefined) {
    this.#decoder = codec.decoder(owner)
    this.#told = packet => this.#emit(receive(packet))
  }

  decode(chunk: Uint8Array, emit: (packet: NewIn) => boolean): void {
    this.#emit = emit
    this.#decoder.decode(chunk, this.#told)
  }

  rest(): Uint8Array {
    return this.#decoder.rest()
  }

  end(emit: (packet: NewIn) => boolean): void {
    this.#emit = emit
    this.#decoder.end(this.#told)
  }
}
