import { checkOptions, oneOf, within, type Rules } from '../connection/options.js'
import { COPIED, type Codec, type DecoderOwner } from './codec.js'
import { Cutter, NOTHING } from './cutter.js'
import { unsendable } from './frame-errors.js'
import { frameDefaults, frameRules, type FrameOptions } from './frame-options.js'
import { LARGEST_PART, Slab } from './slab.js'
import { decoder, encoder } from './text.js'

const LF = 0x0a
const CR = 0x0d

/** From how many characters on it is cheaper to look through a text for a CR than at the end of each line. */
const LONG = 8 * 1024

/** How long a line may be, and what is done with the others. */
export interface LinesOptions extends Pick<FrameOptions, 'onOversize' | 'tail'> {
  /**
   * The longest line in bytes, without its LF, 1 to 2 147 483 647: without a limit a peer that never sends one could
   * fill the memory. Default 65 536 (64 KiB).
   */
  readonly maxLength?: number
  /** Whether empty lines are told or left out. Default `emit`. */
  readonly blank?: 'emit' | 'drop'
}

const rules: Rules<LinesOptions> = {
  onOversize: frameRules.onOversize,
  tail: frameRules.tail,
  maxLength: within(1, 2 ** 31 - 1),
  blank: oneOf('emit', 'drop'),
}

/**
 * Lines of text, as strings: UTF-8, ended by LF or CR LF, told without either, sent with LF.
 *
 * The last line needs no LF (`tail` is `emit`). What is no UTF-8 becomes U+FFFD; a byte order mark stays. With
 * `onOversize: 'skip'` a line that is too long is left out up to its LF. Sending throws a `RangeError` for a line that
 * contains LF or is longer than `maxLength`. Lines are cut from the text of a whole chunk, since that is several times
 * as fast; one that is held keeps that text alive.
 *
 * @example An echo server
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(framed(lines())).subscribe(event => {
 *   if (event.type === 'packet') event.connection.send(event.packet)
 * })
 * ```
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  checkOptions('lines', options, rules)
  const { maxLength = 64 * 1024, blank = 'emit', onOversize = frameDefaults.onOversize, tail = 'emit' } = options
  const settings = { maxFrameLength: maxLength, onOversize, tail }
  const slab = new Slab()
  const scratch = new Uint8Array(COPIED)
  return {
    decoder: owner => new LineDecoder(blank === 'drop', slab, settings, owner),
    encode(line, write) {
      checkLine(line)
      const bytes = line.length * 3 < COPIED ? scratch.subarray(0, put(line, scratch)) : inSlab(line, slab)
      if (bytes.length - 1 > maxLength) throw unsendable(bytes.length - 1, maxLength, 'maxLength')
      write(bytes)
    },
  }
}

function inSlab(line: string, slab: Slab): Uint8Array {
  const atMost = line.length * 3 + 1
  if (atMost > LARGEST_PART) return encoder.encode(`${line}\n`)
  const bytes = slab.take(atMost)
  const size = put(line, bytes)
  slab.giveBack(atMost - size)
  return bytes.subarray(0, size)
}

function put(line: string, bytes: Uint8Array): number {
  const { written } = encoder.encodeInto(line, bytes)
  bytes[written] = LF
  return written + 1
}

function checkLine(line: unknown): void {
  if (typeof line !== 'string') throw new TypeError(`lines sends a string, not ${line === null ? 'null' : typeof line}`)
  if (line.includes('\n')) throw new RangeError('a line that contains LF would arrive as several')
}

/**
 * Decodes all of a chunk at once and cuts the text: LF is one byte in UTF-8 and part of no other character, so lines
 * are the same whether they are cut before or after.
 */
class LineDecoder extends Cutter<string> {
  readonly #dropsBlank: boolean
  readonly #limit: number
  /** Text that is not cut from `#next` on, and the bytes it was decoded from. */
  #text = ''
  #next = 0
  #mayHaveCr = false
  #source: Uint8Array = NOTHING
  /** What the first line of the text starts with. */
  #prefix = ''
  /** The text of what is carried, or nothing where that is not known. */
  #tail = ''
  #skipping = false

  constructor(dropsBlank: boolean, slab: Slab, options: Required<FrameOptions>, owner: DecoderOwner | undefined) {
    super(slab, options, owner)
    this.#dropsBlank = dropsBlank
    this.#limit = options.maxFrameLength
  }

  protected get skipping(): boolean {
    return this.#skipping
  }

  protected cut(emit: (line: string) => boolean): boolean {
    do {
      if (!this.#cutText(emit)) return false
      if (this.at < this.chunk.length && !this.#read()) return false
    } while (this.#next < this.#text.length || this.at < this.chunk.length)
    return true
  }

  protected unfinished(rest: Uint8Array): string {
    return withoutCr(decoder.decode(rest))
  }

  protected override carry(): void {
    if (this.#next < this.#text.length) this.#undecode()
    if (this.#skipping) this.at = this.chunk.length
    super.carry()
  }

  protected override reset(): void {
    super.reset()
    this.#forgetText()
    this.#tail = ''
    this.#skipping = false
  }

  #cutText(emit: (line: string) => boolean): boolean {
    while (this.#next < this.#text.length) {
      if (!(this.#prefix === '' ? this.#cutLines(emit) : this.#cutFirst(emit))) return false
    }
    this.#forgetText()
    return true
  }

  #cutFirst(emit: (line: string) => boolean): boolean {
    const text = this.#text
    const lf = text.indexOf('\n')
    if (lf < 0) return this.#carryTail(0)
    this.#next = lf + 1
    const line = this.#takePrefix(lf > 0) + withoutCr(text.slice(0, lf))
    return (line === '' && this.#dropsBlank) || emit(line)
  }

  /** What counts for each line is looked up once; whoever is told one may change what is at hand. */
  #cutLines(emit: (line: string) => boolean): boolean {
    const text = this.#text
    const end = text.length
    const source = this.#source
    const mayHaveCr = this.#mayHaveCr
    const dropsBlank = this.#dropsBlank
    let start = this.#next
    while (start < end) {
      const lf = text.indexOf('\n', start)
      if (lf < 0) return this.#carryTail(start)
      const line = text.slice(start, mayHaveCr && lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf)
      start = lf + 1
      this.#next = start
      if (dropsBlank && line === '') continue
      if (!emit(line)) return false
      if (this.#next !== start || this.#source !== source) break
    }
    return true
  }

  #takePrefix(goesOn: boolean): string {
    const prefix = goesOn ? this.#prefix : withoutCr(this.#prefix)
    this.#prefix = ''
    this.carried.clear()
    return prefix
  }

  /** What lies behind the last LF is carried as bytes and as text. */
  #carryTail(start: number): true {
    const text = this.#text
    const source = this.#source
    this.carried.push(source, text.length === source.length ? start : source.lastIndexOf(LF) + 1)
    const tail = this.#prefix + text.slice(start)
    this.#forgetText()
    this.#tail = tail
    return true
  }

  /** Decodes what comes next in the chunk, or carries what is no line yet. Answers whether to go on. */
  #read(): boolean {
    const { chunk, at, carried } = this
    const rest = chunk.length - at
    if (this.#skipping) return this.#leaveOut(chunk.indexOf(LF, at))
    if (carried.length > 0 && (this.#tail === '' || carried.length + rest > this.#limit)) {
      const lf = chunk.indexOf(LF, at)
      if (carried.length + (lf < 0 ? chunk.length : lf) - at > this.#limit) return this.#startToLeaveOut(lf)
      return lf < 0 ? this.#carry('') : this.#decodeCarried(lf)
    }
    if (rest <= this.#limit && endsWithCharacter(chunk)) return this.#decodeAll()
    const last = chunk.lastIndexOf(LF, Math.min(chunk.length - 1, at + this.#limit))
    if (last >= at) return this.#decodeUpTo(last)
    return rest > this.#limit ? this.#startToLeaveOut(chunk.indexOf(LF, at + this.#limit)) : this.#carry('')
  }

  #decodeAll(): true {
    const { chunk, at } = this
    this.#begin(at === 0 ? chunk : chunk.subarray(at))
    this.at = chunk.length
    return true
  }

  #decodeUpTo(last: number): true {
    this.#begin(this.chunk.subarray(this.at, last + 1))
    this.at = last + 1
    return true
  }

  /** Decodes a line that is carried in part, where the part did not end with a character. */
  #decodeCarried(lf: number): true {
    const line = this.carried.takeWith(this.carried.length + lf + 1 - this.at, this.chunk, this.at)
    this.#tail = ''
    this.#begin(line)
    this.at = lf + 1
    return true
  }

  #begin(source: Uint8Array): void {
    const text = decoder.decode(source)
    this.#text = text
    this.#next = 0
    this.#mayHaveCr = text.length < LONG || text.includes('\r')
    this.#source = source
    this.#prefix = this.#tail
    this.#tail = ''
  }

  #carry(tail: string): true {
    this.carry()
    this.#tail = tail
    return true
  }

  /** What was decoded and not told becomes bytes again, together with what lies behind it. */
  #undecode(): void {
    const told = this.#text.slice(0, this.#next).split('\n').length - 1
    let at = 0
    for (let line = 0; line < told; line += 1) at = this.#source.indexOf(LF, at) + 1
    this.carried.push(this.#source, at)
    this.#forgetText()
  }

  #startToLeaveOut(lf: number): boolean {
    const size = this.carried.length + (lf < 0 ? this.chunk.length : lf) - this.at
    this.carried.clear()
    this.#tail = ''
    this.#leaveOut(lf)
    return this.oversize(size, this.#limit, 'maxLength')
  }

  #leaveOut(lf: number): true {
    this.#skipping = lf < 0
    this.at = lf < 0 ? this.chunk.length : lf + 1
    return true
  }

  #forgetText(): void {
    this.#text = ''
    this.#next = 0
    this.#source = NOTHING
    this.#prefix = ''
  }
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Whether no character goes on in the next chunk. */
function endsWithCharacter(chunk: Uint8Array): boolean {
  return (chunk[chunk.length - 1] ?? 0) < 0x80
}
