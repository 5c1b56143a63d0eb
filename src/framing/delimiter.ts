import { boolean, checkOptions, type Rule, type Rules } from '../connection/options.js'
import type { Codec, DecoderOwner } from './codec.js'
import { Cutter } from './cutter.js'
import { DelimiterScanner, DelimiterTable } from './delimiter-scanner.js'
import { checkBytes, unsendable } from './frame-errors.js'
import { frameRules, frameSettings, type FrameOptions } from './frame-options.js'
import { Slab } from './slab.js'
import { bytesOf } from './text.js'

/** How frames that end with a delimiter look, and how long they may be. */
export interface DelimiterOptions extends FrameOptions {
  /** One delimiter, or several; strings are UTF-8. The first is the one that is sent. */
  readonly delimiters: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Whether packets come without their delimiter, and get the first one when they are sent. Default `true`. */
  readonly strip?: boolean
}

const MISSING = { delimiters: [] }

const filled: Rule = value => {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  const good = all.every(one => (typeof one === 'string' || one instanceof Uint8Array) && one.length > 0)
  return good && all.length > 0 ? undefined : 'must be one or several strings or Uint8Arrays, none of them empty'
}

const rules: Rules<DelimiterOptions> = { ...frameRules, delimiters: filled, strip: boolean }

/**
 * Packets of bytes that end with a delimiter.
 *
 * The delimiter that is complete first ends a packet; where several end with the same byte, the longest, so that the
 * packet is the shortest. (So one that starts with another of them never gets a chance.) Each byte is looked at once,
 * also when they come one by one. A frame without end fails, or is left out, as soon as it is longer than
 * `maxFrameLength`.
 *
 * Sending throws a `RangeError` for a packet that would arrive as another: one that contains a delimiter, or, without
 * `strip`, does not end with one.
 *
 * @example Parts that end with a line of dashes
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(delimiter({ delimiters: ['\r\n---\r\n', '\n---\n'] })))
 * ```
 */
export function delimiter(options: DelimiterOptions): Codec<Uint8Array> {
  checkOptions('delimiter', { ...MISSING, ...options }, rules)
  const { delimiters, strip = true } = options
  const settings = frameSettings(options)
  const all = (typeof delimiters === 'string' || delimiters instanceof Uint8Array ? [delimiters] : delimiters).map(
    bytesOf,
  )
  const table = new DelimiterTable(all)
  const slab = new Slab()
  const scanner = new DelimiterScanner(table)
  const sent = strip ? all[0] : undefined
  return {
    decoder: owner => new DelimiterDecoder(new DelimiterScanner(table), strip, slab, settings, owner),
    encode(packet, write) {
      checkBytes('delimiter', packet)
      const size = packet.length + (sent?.length ?? 0)
      if (size > settings.maxFrameLength) throw unsendable(size, settings.maxFrameLength)
      if (!arrivesWhole(scanner, packet, sent)) throw new RangeError(sent === undefined ? MUST_END : MUST_NOT_CONTAIN)
      if (packet.length > 0) write(packet)
      if (sent !== undefined) write(sent)
    },
  }
}

const MUST_NOT_CONTAIN =
  'a packet that contains a delimiter, or whose end makes one with the delimiter, would arrive as another'
const MUST_END = 'a packet has to end with its delimiter and contain no other'

function arrivesWhole(scanner: DelimiterScanner, packet: Uint8Array, sent: Uint8Array | undefined): boolean {
  scanner.reset()
  const end = scanner.scan(packet, 0)
  if (sent === undefined) return end === packet.length
  return end < 0 && scanner.scan(sent, 0) === sent.length && scanner.found === sent.length
}

class DelimiterDecoder extends Cutter<Uint8Array> {
  readonly #scanner: DelimiterScanner
  readonly #strip: boolean
  readonly #limit: number
  #skipping = false

  constructor(
    scanner: DelimiterScanner,
    strip: boolean,
    slab: Slab,
    options: Required<FrameOptions>,
    owner: DecoderOwner | undefined,
  ) {
    super(slab, options, owner)
    this.#scanner = scanner
    this.#strip = strip
    this.#limit = options.maxFrameLength
  }

  protected get skipping(): boolean {
    return this.#skipping
  }

  protected cut(emit: (packet: Uint8Array) => boolean): boolean {
    while (this.at < this.chunk.length) {
      const { chunk, at, carried } = this
      const end = this.#scanner.scan(chunk, at)
      if (end < 0) return this.#goOnLater()
      this.at = end
      if (this.#skipping) {
        this.#skipping = false
        continue
      }
      const size = carried.length + end - at
      if (size > this.#limit) {
        carried.clear()
        if (!this.oversize(size, this.#limit)) return false
        continue
      }
      const length = size - (this.#strip ? this.#scanner.found : 0)
      if (
        !emit(
          carried.length === 0
            ? new Uint8Array(chunk.buffer, chunk.byteOffset + at, length)
            : this.#join(at, end, length),
        )
      )
        return false
    }
    return true
  }

  protected unfinished(rest: Uint8Array): Uint8Array {
    return rest
  }

  protected override carry(): void {
    if (this.#skipping) this.at = this.chunk.length
    super.carry()
  }

  protected override reset(): void {
    super.reset()
    this.#scanner.reset()
    this.#skipping = false
  }

  #join(at: number, end: number, length: number): Uint8Array {
    const { carried } = this
    return carried.takeWith(carried.length + end - at, this.chunk, at).subarray(0, length)
  }

  /** The chunk has ended and the frame has not. */
  #goOnLater(): boolean {
    const size = this.carried.length + this.chunk.length - this.at
    if (this.#skipping || size < this.#limit) {
      this.carry()
      return true
    }
    this.#skipping = true
    this.carried.clear()
    this.at = this.chunk.length
    return this.oversize(size, this.#limit)
  }
}
