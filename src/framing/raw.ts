import type { Codec, Decoder } from './codec.js'
import { NOTHING } from './cutter.js'
import { checkBytes } from './frame-errors.js'

/**
 * No frames: packets are the chunks as the network has cut them. For the part of a protocol that is a plain stream, see
 * `switchable`.
 *
 * @example
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(raw()))
 * ```
 */
export function raw(): Codec<Uint8Array> {
  return {
    decoder: () => new RawDecoder(),
    encode(packet, write) {
      checkBytes('raw', packet)
      if (packet.length > 0) write(packet)
    },
  }
}

/** Every chunk is used up at once, so there is never a rest. */
class RawDecoder implements Decoder<Uint8Array> {
  decode(chunk: Uint8Array, emit: (packet: Uint8Array) => boolean): void {
    if (chunk.length > 0) emit(chunk)
  }

  rest(): Uint8Array {
    return NOTHING
  }

  end(): void {
    // Nothing is unfinished.
  }
}
