import { checkOptions, within, type Rules } from '../connection/options.js'
import type { Codec } from './codec.js'
import { checkBytes, malformed, unsendable } from './frame-errors.js'
import { frameRules, frameSettings, type FrameOptions } from './frame-options.js'
import { SizedDecoder, type FrameShape } from './sized-decoder.js'
import { Slab } from './slab.js'

/** How long a frame and its length may be. */
export interface VarintOptions extends FrameOptions {
  /**
   * How many bytes a length may have: a bound of its own, since a peer could send lengths without end. 1 to 7, default
   * 5.
   */
  readonly maxLengthBytes?: number
}

const rules: Rules<VarintOptions> = { ...frameRules, maxLengthBytes: within(1, 7) }

/**
 * Packets that follow their length as a variable number of bytes, seven bits in each, the lowest first (LEB128):
 * Protocol Buffers' delimited messages, libp2p.
 *
 * A length of more than `maxLengthBytes` bytes fails with `ERR_FRAME_MALFORMED`; needlessly long ones within them are
 * taken.
 *
 * @example
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(mapCodec(varint(), Message.decode, Message.encode)))
 * ```
 */
export function varint(options: VarintOptions = {}): Codec<Uint8Array> {
  checkOptions('varint', options, rules)
  const { maxLengthBytes = 5 } = options
  const settings = frameSettings(options)
  const shape = new VarintShape(maxLengthBytes)
  const slab = new Slab()
  const header = new Uint8Array(8)
  return {
    decoder: owner => new SizedDecoder(shape, slab, settings, owner),
    encode(packet, write) {
      checkBytes('varint', packet)
      const length = put(header, packet.length)
      if (length > maxLengthBytes)
        throw new RangeError(`a length of ${packet.length} does not fit into ${maxLengthBytes} bytes of varint`)
      if (length + packet.length > settings.maxFrameLength)
        throw unsendable(length + packet.length, settings.maxFrameLength)
      write(header.subarray(0, length))
      if (packet.length > 0) write(packet)
    },
  }
}

class VarintShape implements FrameShape {
  readonly longestHeader: number
  readonly trailer = 0

  constructor(maxLengthBytes: number) {
    this.longestHeader = maxLengthBytes
  }

  size(bytes: Uint8Array, at: number): number {
    const available = bytes.length - at
    const most = available < this.longestHeader ? available : this.longestHeader
    let value = 0
    let unit = 1
    for (let index = 0; index < most; index += 1) {
      const byte = bytes[at + index] ?? 0
      if (byte < 128) return value + byte * unit + index + 1
      value += (byte - 128) * unit
      unit *= 128
    }
    if (most < this.longestHeader) return 0
    throw malformed(`a varint of more than ${this.longestHeader} bytes where a length was expected`)
  }

  start(bytes: Uint8Array, at: number): number {
    let end = at
    while ((bytes[end] ?? 0) >= 128) end += 1
    return end + 1 - at
  }
}

function put(bytes: Uint8Array, value: number): number {
  let left = value
  let length = 0
  while (left >= 128) {
    bytes[length] = (left % 128) + 128
    left = Math.floor(left / 128)
    length += 1
  }
  bytes[length] = left
  return length + 1
}
