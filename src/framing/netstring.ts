import { checkOptions } from '../connection/options.js'
import type { Codec } from './codec.js'
import { checkBytes, malformed, unsendable } from './frame-errors.js'
import { frameRules, frameSettings, type FrameOptions } from './frame-options.js'
import { SizedDecoder, type FrameShape } from './sized-decoder.js'
import { Slab } from './slab.js'

const COLON = 0x3a
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39

/** No number of a frame's bytes that can be exact has more digits. */
const MOST_DIGITS = 15

/**
 * Netstrings: the length in decimal digits, a colon, the bytes, a comma, as in `5:hello,`.
 *
 * Anything else where digits are expected, a leading zero, or another byte than a comma at the end fails with
 * `ERR_FRAME_MALFORMED`. Format: D. J. Bernstein, "Netstrings", 1997.
 *
 * @example
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(framed(netstring({ maxFrameLength: 4096 })))
 * ```
 */
export function netstring(options: FrameOptions = {}): Codec<Uint8Array> {
  checkOptions('netstring', options, frameRules)
  const settings = frameSettings(options)
  const slab = new Slab()
  const header = new Uint8Array(MOST_DIGITS + 1)
  const comma = Uint8Array.of(COMMA)
  return {
    decoder: owner => new SizedDecoder(netstringShape, slab, settings, owner),
    encode(packet, write) {
      checkBytes('netstring', packet)
      const length = put(header, packet.length)
      const size = length + packet.length + 1
      if (size > settings.maxFrameLength) throw unsendable(size, settings.maxFrameLength)
      write(header.subarray(0, length))
      if (packet.length > 0) write(packet)
      write(comma)
    },
  }
}

const netstringShape: FrameShape = {
  longestHeader: MOST_DIGITS + 1,
  trailer: 1,

  size(bytes, at) {
    let value = 0
    const end = Math.min(bytes.length, at + MOST_DIGITS + 1)
    for (let index = at; index < end; index += 1) {
      const byte = bytes[index] ?? 0
      if (byte === COLON && index > at) return value + (index - at) + 2
      if (byte < ZERO || byte > NINE) throw malformed(`byte ${byte} in the length of a netstring`)
      if (index > at && value === 0) throw malformed('a leading zero in the length of a netstring')
      value = value * 10 + byte - ZERO
    }
    return end - at > MOST_DIGITS ? Infinity : 0
  },

  start(bytes, at, size) {
    const last = bytes[at + size - 1]
    if (last !== undefined && last !== COMMA)
      throw malformed(`byte ${last} where the comma of a netstring was expected`)
    return bytes.indexOf(COLON, at) + 1 - at
  },
}

function put(bytes: Uint8Array, length: number): number {
  const digits = String(length)
  for (let index = 0; index < digits.length; index += 1) bytes[index] = digits.charCodeAt(index)
  bytes[digits.length] = COLON
  return digits.length + 1
}
