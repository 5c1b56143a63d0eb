import { SluiceError } from '../../../connection/errors.js'
import {
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FIN,
  LONGEST_CONTROL,
  LONGEST_HEADER,
  MASKED,
  PONG,
  RESERVED,
} from './frame.js'
import { readMask } from './mask.js'

/** What is answered where all bytes were taken and a header needs more. */
export const UNFINISHED = -1

const CONTROL = 0x08

/**
 * The header of the frame that is being read (RFC 6455 section 5.2). It may come in pieces, and is checked byte by byte: what breaks the
 * protocol throws `ERR_PROTOCOL` before more of it is waited for.
 */
export class FrameHeader {
  first = 0
  /** Of the payload. */
  length = 0
  mask = 0

  /** What the second byte of every frame has to have: a mask from a client, none from a server. */
  readonly #maskBit: number
  readonly #inflates: boolean
  #beginning: Buffer | undefined
  #had = 0

  /** @param inflates whether compressed messages were agreed upon */
  constructor(role: 'client' | 'server', inflates: boolean) {
    this.#maskBit = role === 'server' ? MASKED : 0
    this.#inflates = inflates
  }

  get opcode(): number {
    return this.first & 0x0f
  }

  get isControl(): boolean {
    return (this.first & CONTROL) !== 0
  }

  /** Whether it ends its message. */
  get isLast(): boolean {
    return (this.first & FIN) !== 0
  }

  /**
   * Reads it, and answers where its payload begins, or `UNFINISHED`.
   *
   * @param within whether a message has begun and not ended
   */
  read(bytes: Buffer, start: number, within: boolean): number {
    if (this.#had > 0) return this.#readOn(bytes, start, within)
    const size = this.#sizeOf(bytes, start, bytes.length, within)
    if (start + size > bytes.length) {
      this.#beginning ??= Buffer.allocUnsafe(LONGEST_HEADER)
      bytes.copy(this.#beginning, 0, start)
      this.#had = bytes.length - start
      return UNFINISHED
    }
    this.#take(bytes, start, size)
    return start + size
  }

  #readOn(bytes: Buffer, start: number, within: boolean): number {
    const header = this.#beginning ?? bytes
    let at = start
    for (;;) {
      const size = this.#sizeOf(header, 0, this.#had, within)
      if (this.#had === size) {
        this.#had = 0
        this.#take(header, 0, size)
        return at
      }
      if (at === bytes.length) return UNFINISHED
      header[this.#had] = bytes[at] ?? 0
      this.#had += 1
      at += 1
    }
  }

  /** Its size as far as it can be known by now: what is missing is at least one byte. */
  #sizeOf(bytes: Buffer, start: number, end: number, within: boolean): number {
    const first = bytes[start] ?? 0
    this.#checkFirst(first, within)
    if (start + 1 === end) return 2
    const second = bytes[start + 1] ?? 0
    if ((second & MASKED) !== this.#maskBit)
      throw broken(this.#maskBit === 0 ? 'a server may not mask' : 'a client has to mask')
    const short = second & 0x7f
    if ((first & CONTROL) !== 0 && short > LONGEST_CONTROL) throw broken('a control frame is too long')
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#maskBit === 0 ? 0 : 4)
  }

  #take(bytes: Buffer, start: number, size: number): void {
    this.first = bytes[start] ?? 0
    const short = (bytes[start + 1] ?? 0) & 0x7f
    this.length = short < 126 ? short : short === 126 ? shortLength(bytes, start + 2) : longLength(bytes, start + 2)
    this.mask = this.#maskBit === 0 ? 0 : readMask(bytes, start + size - 4)
  }

  #checkFirst(first: number, within: boolean): void {
    const opcode = first & 0x0f
    if ((first & RESERVED) !== 0) throw broken('a reserved bit is set')
    if ((first & COMPRESSED) !== 0 && (!this.#inflates || opcode === CONTINUATION || opcode >= CLOSE))
      throw broken('the bit of a compressed message is set where none can be')
    if (opcode >= CLOSE) {
      if (opcode > PONG) throw broken('a reserved opcode')
      if ((first & FIN) === 0) throw broken('a control frame is fragmented')
    } else if (opcode > 2) throw broken('a reserved opcode')
    else if (opcode === CONTINUATION && !within) throw broken('a continuation of no message')
    else if (opcode !== CONTINUATION && within) throw broken('a message inside of a message')
  }
}

function shortLength(bytes: Buffer, at: number): number {
  const length = bytes.readUInt16BE(at)
  if (length < 126) throw broken('a length is not written in as few bytes as it could')
  return length
}

function longLength(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at)
  if (high >= 2 ** 31) throw broken('a length is negative')
  const length = high * 2 ** 32 + bytes.readUInt32BE(at + 4)
  if (length < 65_536) throw broken('a length is not written in as few bytes as it could')
  return length
}

/** What breaks RFC 6455. */
export function broken(how: string): SluiceError {
  return new SluiceError('ERR_PROTOCOL', how)
}
