import type { Rule } from '../connection/options.js'

/** A codec, or what makes one. */
export const codecRule: Rule = value => {
  const { decoder, encode } = Object(value) as Readonly<Record<string, unknown>>
  return typeof value === 'function' || (typeof decoder === 'function' && typeof encode === 'function')
    ? undefined
    : 'must be a codec, or a function that answers one'
}

/** Up to how many bytes a piece that is written is copied at once. */
export const COPIED = 64

/**
 * How packets lie in a stream of bytes. A codec is a value: it has no state, one serves any number of connections at
 * once.
 *
 * `framed` puts it on connections, `decode` and `encode` on plain Observables of bytes.
 *
 * @typeParam In what arrives
 * @typeParam Out what can be sent
 *
 * @example One of your own: packets are single bytes
 * ```ts
 * const bits: Codec<number> = {
 *   decoder: () => new BitsDecoder(),
 *   encode(packet, write) {
 *     write(Uint8Array.of(packet))
 *   },
 * }
 * ```
 */
export interface Codec<out In, in Out = In> {
  /** A fresh decoder: every connection has one of its own. */
  decoder(owner?: DecoderOwner): Decoder<In>

  /**
   * Writes a packet, in as many pieces as are at hand: nothing has to be joined.
   *
   * The bytes that are written are given away, but for pieces of up to 64 bytes: those are copied at once, so that the
   * array of a header may be used again. What can't be encoded throws before anything is written.
   */
  encode(packet: Out, write: (bytes: Uint8Array) => void): void
}

/** Cuts what arrives on one connection into packets, however the network has cut it. */
export interface Decoder<out In> {
  /**
   * Takes a chunk and emits the packets that are complete. It stops as soon as `emit` answers `false` and keeps the
   * rest; called with an empty chunk it goes on with what it has kept. The chunk is not copied and has to stay as it
   * is.
   *
   * Throws a `SluiceError` when the bytes break the format; what was complete before has been emitted. It is of no use
   * afterwards.
   */
  decode(chunk: Uint8Array, emit: (packet: In) => boolean): void

  /** Takes out what has not been decoded, also from within `emit`. The decoder is as new afterwards. */
  rest(): Uint8Array

  /**
   * The input has ended: emits what `decode` would, then deals with an unfinished frame, which may be an error, a
   * packet, or nothing. Where `emit` answered `false` it stops, and is to be called again.
   */
  end(emit: (packet: In) => boolean): void
}

/** Whom a decoder tells what is no packet. */
export interface DecoderOwner {
  /**
   * A frame is too long and is being left out: told once per frame, in its place between the packets.
   *
   * @param size its bytes as far as they are known by now: all that a length field declares, or what has been read of a
   * frame that ends with a delimiter
   * @returns like `emit`, whether to go on
   */
  skipped(size: number): boolean

  /** What was kept may be packets by now, although no bytes have arrived: call `decode` with an empty chunk. */
  more(): void
}
