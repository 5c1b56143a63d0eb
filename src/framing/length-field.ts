import { above, checkOptions, callback, oneOf, within, type Rules } from '../connection/options.js'
import { COPIED, type Codec } from './codec.js'
import { checkBytes, malformed, unsendable } from './frame-errors.js'
import { frameDefaults, frameRules, frameSettings, type FrameOptions } from './frame-options.js'
import { SizedDecoder, type FrameShape } from './sized-decoder.js'
import { Slab } from './slab.js'

const WORD = 2 ** 32

/** Where in a frame its length is, what it counts, and how much of it may come. */
export interface LengthFieldOptions extends FrameOptions {
  /** How many bytes lie before the length field. They are sent as zeros. Default 0. */
  readonly lengthFieldOffset?: number
  /** How many bytes the length field has: 1, 2, 3, 4 or 8; it is unsigned. Default 4. */
  readonly lengthFieldLength?: 1 | 2 | 3 | 4 | 8
  /** Default `big`. */
  readonly byteOrder?: 'big' | 'little'
  /**
   * What has to be added to the field's value to get the number of bytes behind the field: negative where the field
   * counts its own header too, positive where it leaves out more of the header. Default 0.
   */
  readonly lengthAdjustment?: number
  /**
   * How many bytes at the start of a frame are not part of the packet. Default `lengthFieldOffset + lengthFieldLength`,
   * the header.
   */
  readonly stripBytes?: number
  /**
   * For fields that count something else than bytes: the size of the whole frame, from the header up to the end of the
   * field and the field's value. It takes the place of `lengthAdjustment`.
   */
  readonly computeFrameSize?: (header: Uint8Array, declared: number) => number
  /** The inverse of `computeFrameSize`, needed to send: the field's value from the size of the whole frame. */
  readonly computeLength?: (frameSize: number) => number
}

const rules: Rules<LengthFieldOptions> = {
  ...frameRules,
  maxFrameLength: (value, beside) => frameRules.maxFrameLength(value) ?? tooShort(value, headerOf({ ...beside })),
  lengthFieldOffset: within(0, 65_536),
  lengthFieldLength: oneOf(1, 2, 3, 4, 8),
  byteOrder: oneOf('big', 'little'),
  lengthAdjustment: within(-(2 ** 31), 2 ** 31),
  stripBytes: (value, { maxFrameLength = frameDefaults.maxFrameLength } = {}) =>
    within(0, 2 ** 31)(value) ?? above(value, 'maxFrameLength', maxFrameLength),
  computeFrameSize: callback,
  computeLength: callback,
}

/**
 * Packets that follow a field which tells their length.
 *
 * By default a frame is four bytes, big-endian, with the number of bytes that follow, and then the packet: the usual
 * form, and Erlang's `{packet, 4}`. The other parameters fit nearly every binary protocol, and sending is the exact
 * inverse of receiving. A declared length makes us allocate nothing before its bytes are there, and lengths up to 2 **
 * 64 are bounded before they are used.
 *
 * A field that says less than its own header (or, with `stripBytes`, than what is to be stripped) fails with
 * `ERR_FRAME_MALFORMED`. Sending throws a `RangeError` for what neither the field nor `maxFrameLength` has room for. A
 * packet is a view of what the network brought, as long as it came in one piece: see `detach`.
 *
 * @example Two bytes of length that count themselves, then a type, then the body; packets are type and body
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(lengthField({ lengthFieldLength: 2, lengthAdjustment: -2 })))
 * ```
 */
export function lengthField(options: LengthFieldOptions = {}): Codec<Uint8Array> {
  checkOptions('lengthField', options, rules)
  const settings = frameSettings(options)
  const shape = new LengthFieldShape(options)
  const slab = new Slab()
  return {
    decoder: owner => new SizedDecoder(shape, slab, settings, owner),
    encode(packet, write) {
      checkBytes('lengthField', packet)
      const size = shape.strip + packet.length
      if (size > settings.maxFrameLength) throw unsendable(size, settings.maxFrameLength)
      const head = shape.head(packet, size)
      write(head)
      const written = head.length - shape.strip
      if (written < packet.length) write(written > 0 ? packet.subarray(written) : packet)
    },
  }
}

/** The bytes up to the end of the length field. */
function headerOf({ lengthFieldOffset = 0, lengthFieldLength = 4 }: LengthFieldOptions): number {
  return lengthFieldOffset + lengthFieldLength
}

function tooShort(maxFrameLength: unknown, header: number): string | undefined {
  return header > Number(maxFrameLength) ? `must have room for a header of ${header} bytes` : undefined
}

class LengthFieldShape implements FrameShape {
  readonly longestHeader: number
  readonly shortestHeader: number
  readonly trailer = 0
  readonly strip: number

  readonly #offset: number
  readonly #adjustment: number
  readonly #smallest: number
  readonly #field: Field
  readonly #compute: LengthFieldOptions['computeFrameSize']
  readonly #invert: LengthFieldOptions['computeLength']
  /**
   * What is sent before the rest of a packet: it is used again and again, as small pieces are copied when they are
   * written.
   */
  readonly #head: Uint8Array

  constructor(options: LengthFieldOptions) {
    const { lengthFieldOffset = 0, lengthFieldLength = 4, byteOrder = 'big', lengthAdjustment = 0 } = options
    this.longestHeader = headerOf(options)
    this.shortestHeader = this.longestHeader
    this.strip = options.stripBytes ?? this.longestHeader
    this.#offset = lengthFieldOffset
    this.#adjustment = lengthAdjustment + this.longestHeader
    this.#smallest = Math.max(this.strip, this.longestHeader)
    this.#field = new Field(lengthFieldLength, byteOrder === 'little')
    this.#compute = options.computeFrameSize
    this.#invert = options.computeLength
    this.#head = new Uint8Array(this.#smallest)
  }

  size(bytes: Uint8Array, at: number): number {
    const header = this.longestHeader
    if (bytes.length - at < header) return 0
    const declared = this.#field.read(bytes, at + this.#offset)
    const compute = this.#compute
    const size =
      compute === undefined ? declared + this.#adjustment : whole(compute(bytes.subarray(at, at + header), declared))
    if (size >= this.#smallest) return size
    throw malformed(
      `a length field of ${declared} makes a frame of ${size} bytes, less than the ${this.#smallest} that precede its packet`,
    )
  }

  start(): number {
    return this.strip
  }

  /** The start of a frame, up to the end of the length field and of what the packet leaves out. */
  head(packet: Uint8Array, size: number): Uint8Array {
    if (size < this.#smallest)
      throw new RangeError(`a frame of ${size} bytes can't be sent, as its header has ${this.longestHeader}`)
    const declared = this.#compute === undefined ? size - this.#adjustment : this.#declare(size)
    if (!this.#field.holds(declared)) throw new RangeError(`a length of ${declared} does not fit into the length field`)
    const head = this.#head.length > COPIED ? new Uint8Array(this.#smallest) : this.#head
    if (this.strip < this.#smallest) head.set(packet.subarray(0, this.#smallest - this.strip), this.strip)
    this.#field.write(head, this.#offset, declared)
    return head
  }

  #declare(size: number): number {
    if (this.#invert === undefined)
      throw new TypeError('lengthField needs computeLength to send, since it has computeFrameSize')
    return this.#invert(size)
  }
}

/** An unsigned number of 1, 2, 3, 4 or 8 bytes. */
class Field {
  readonly #size: number
  readonly #little: boolean
  readonly #limit: number

  constructor(size: number, little: boolean) {
    this.#size = size
    this.#little = little
    this.#limit = 256 ** size
  }

  read(bytes: Uint8Array, at: number): number {
    const size = this.#size
    if (size === 8) return this.#readLong(bytes, at)
    let value = 0
    if (this.#little) for (let index = size - 1; index >= 0; index -= 1) value = (value << 8) | (bytes[at + index] ?? 0)
    else for (let index = 0; index < size; index += 1) value = (value << 8) | (bytes[at + index] ?? 0)
    return value >>> 0
  }

  write(bytes: Uint8Array, at: number, value: number): void {
    const size = this.#size
    const low = value >>> 0
    const high = (value - low) / WORD
    for (let index = 0; index < size; index += 1) {
      bytes[this.#little ? at + index : at + size - 1 - index] =
        index < 4 ? low >>> (8 * index) : high >>> (8 * (index - 4))
    }
  }

  holds(value: number): boolean {
    return Number.isSafeInteger(value) && value >= 0 && value < this.#limit
  }

  /** Beyond 2 ** 53 it is not exact any more, but then it is too long for everybody. */
  #readLong(bytes: Uint8Array, at: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
    return Number(view.getBigUint64(0, this.#little))
  }
}

function whole(size: number): number {
  return Number.isInteger(size) ? size : NaN
}
