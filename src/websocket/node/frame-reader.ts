import { SluiceError } from '../../connection/errors.js'
import { UNSPOKEN, isSendable, type CloseStatus } from '../close-status.js'
import type { Message } from '../message.js'
import {
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FIN,
  LONGEST_CONTROL,
  LONGEST_HEADER,
  MASKED,
  PING,
  PONG,
  RESERVED,
  TEXT,
} from './frame.js'
import { readMask, rotated, toggleMask } from './mask.js'
import { Payload } from './payload.js'
import { textOf } from './utf8.js'
import type { Limits } from './wire-settings.js'

/** Who is told what a reader has read. */
export interface FrameListener {
  /** Whether no more is to be told: then what is left waits. */
  readonly holds: boolean
  onMessage(message: Message): void
  /** A whole message as it came: it has to be inflated. */
  onCompressed(payload: Buffer, isText: boolean): void
  onPing(data: Buffer): void
  onPong(data: Buffer): void
  /** The last that is told. */
  onClose(status: CloseStatus): void
}

/**
 * Reads frames (RFC 6455 section 5) and tells whole messages and control frames, in order. It throws a `SluiceError` for what breaks the
 * protocol or a limit, as soon as the byte has come that does; it is of no use afterwards.
 *
 * A frame that lies whole in a chunk is unmasked in its place, and a binary message of one is a view of the chunk; others are put
 * together.
 */
export class FrameReader {
  readonly #listener: FrameListener
  readonly #limits: Limits
  /** What the second byte of every frame has to have: a mask from a client, none from a server. */
  readonly #maskBit: number
  readonly #inflates: boolean

  /** What was not read yet, since it had to wait. */
  #rest: Buffer | undefined
  #reading = false
  /** The beginning of a header. */
  #header: Buffer | undefined
  #headed = 0

  // The frame that is being read.
  #first = 0
  #length = 0
  #mask = 0
  /** How many bytes of its payload have not come. */
  #remaining = 0

  // The message that is being read.
  /** TEXT or BINARY while it is open, with the bit of compression; 0 between messages. */
  #opened = 0
  #fragments = 0
  #message: Payload | undefined
  #control: Payload | undefined

  /** @param inflates whether compressed messages were agreed upon */
  constructor(listener: FrameListener, role: 'client' | 'server', limits: Limits, inflates: boolean) {
    this.#listener = listener
    this.#maskBit = role === 'server' ? MASKED : 0
    this.#limits = limits
    this.#inflates = inflates
  }

  /** Whether something has come that was not read. */
  get waits(): boolean {
    return this.#rest !== undefined
  }

  /** Takes a chunk, which is written into. */
  read(chunk: Uint8Array): void {
    this.#wait(asBuffer(chunk))
    this.goOn()
  }

  /** Reads what waits. What comes inside of what it tells is read behind it. */
  goOn(): void {
    if (this.#reading) return
    this.#reading = true
    for (let bytes = this.#takeRest(); bytes !== undefined; bytes = this.#takeRest()) {
      const at = this.#readUntilHeld(bytes)
      if (at === bytes.length) continue
      const later = this.#takeRest()
      this.#wait(bytes.subarray(at))
      if (later !== undefined) this.#wait(later)
      break
    }
    this.#reading = false
  }

  /** What is left will not be asked for. */
  drop(): void {
    this.#rest = undefined
    this.#message = undefined
    this.#control = undefined
  }

  #wait(bytes: Buffer): void {
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
  }

  #takeRest(): Buffer | undefined {
    const rest = this.#rest
    this.#rest = undefined
    return rest
  }

  #readUntilHeld(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && !this.#listener.holds)
      at = this.#remaining > 0 ? this.#readPayload(bytes, at) : this.#readFrame(bytes, at)
    return at
  }

  // ── headers ──

  #readFrame(bytes: Buffer, start: number): number {
    if (this.#headed > 0) return this.#readSplitHeader(bytes, start)
    const size = this.#headerSize(bytes, start, bytes.length)
    if (start + size > bytes.length) return this.#keepHeader(bytes, start)
    this.#readHeader(bytes, start, size)
    return this.#beginPayload(bytes, start + size)
  }

  /** Its size as far as it can be known by now: what is missing is at least one byte. */
  #headerSize(bytes: Buffer, start: number, end: number): number {
    this.#checkFirst(bytes[start] ?? 0)
    if (start + 1 === end) return 2
    const second = bytes[start + 1] ?? 0
    if ((second & MASKED) !== this.#maskBit)
      throw broken(this.#maskBit === 0 ? 'a server may not mask' : 'a client has to mask')
    const short = second & 0x7f
    if ((bytes[start] ?? 0) & 0x08 && short > LONGEST_CONTROL) throw broken('a control frame is too long')
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#maskBit === 0 ? 0 : 4)
  }

  #keepHeader(bytes: Buffer, start: number): number {
    this.#header ??= Buffer.allocUnsafe(LONGEST_HEADER)
    bytes.copy(this.#header, 0, start)
    this.#headed = bytes.length - start
    return bytes.length
  }

  #readSplitHeader(bytes: Buffer, start: number): number {
    const header = this.#header ?? bytes
    let at = start
    for (;;) {
      const size = this.#headerSize(header, 0, this.#headed)
      if (this.#headed === size) {
        this.#headed = 0
        this.#readHeader(header, 0, size)
        return this.#beginPayload(bytes, at)
      }
      if (at === bytes.length) return at
      header[this.#headed] = bytes[at] ?? 0
      this.#headed += 1
      at += 1
    }
  }

  #readHeader(bytes: Buffer, start: number, size: number): void {
    this.#first = bytes[start] ?? 0
    const short = (bytes[start + 1] ?? 0) & 0x7f
    this.#length = short < 126 ? short : short === 126 ? shortLength(bytes, start + 2) : longLength(bytes, start + 2)
    this.#mask = this.#maskBit === 0 ? 0 : readMask(bytes, start + size - 4)
    if ((this.#first & 0x08) === 0) this.#checkMessage()
  }

  #checkFirst(first: number): void {
    const opcode = first & 0x0f
    if ((first & RESERVED) !== 0) throw broken('a reserved bit is set')
    if ((first & COMPRESSED) !== 0 && (!this.#inflates || opcode === CONTINUATION || opcode >= CLOSE))
      throw broken('the bit of a compressed message is set where none can be')
    if (opcode >= CLOSE) {
      if (opcode > PONG) throw broken('a reserved opcode')
      if ((first & FIN) === 0) throw broken('a control frame is fragmented')
    } else if (opcode > 2) throw broken('a reserved opcode')
    else if (opcode === CONTINUATION && this.#opened === 0) throw broken('a continuation of no message')
    else if (opcode !== CONTINUATION && this.#opened !== 0) throw broken('a message inside of a message')
  }

  /** Before any of it is read, so that what is too much is not even waited for. */
  #checkMessage(): void {
    const { maxPayload, maxFragments } = this.#limits
    const length = this.#length + (this.#message?.length ?? 0)
    if (length > maxPayload) throw tooLong(maxPayload)
    if ((this.#first & FIN) !== 0) return
    this.#fragments += 1
    if (this.#fragments >= maxFragments)
      throw new SluiceError('ERR_FLOOD', `a message comes in more than the ${maxFragments} fragments of maxFragments`)
  }

  // ── payloads ──

  #beginPayload(bytes: Buffer, start: number): number {
    const end = start + this.#length
    if (end <= bytes.length) {
      this.#takeWhole(bytes, start, end)
      return end
    }
    this.#remaining = this.#length
    return start === bytes.length ? start : this.#readPayload(bytes, start)
  }

  #readPayload(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#remaining)
    this.#append(bytes, start, end)
    this.#mask = rotated(this.#mask, end - start)
    this.#remaining -= end - start
    if (this.#remaining === 0) this.#takeAppended()
    return end
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const isControl = (this.#first & 0x08) !== 0
    const payload = isControl ? (this.#control ??= new Payload()) : (this.#message ??= new Payload())
    const total = payload.length + this.#remaining
    payload.append(bytes, start, end, this.#mask, (this.#first & FIN) === 0 ? 2 * total : total)
  }

  /** A frame that lies whole in a chunk. */
  #takeWhole(bytes: Buffer, start: number, end: number): void {
    const first = this.#first
    const isLast = (first & FIN) !== 0
    if ((first & 0x08) !== 0) {
      if (this.#mask !== 0) toggleMask(bytes, start, end, this.#mask)
      this.#tellControl(bytes.subarray(start, end))
    } else if (isLast && this.#opened === 0) {
      const ascii = this.#mask !== 0 && toggleMask(bytes, start, end, this.#mask)
      this.#tellMessage(first, bytes, start, end, ascii)
    } else {
      this.#remaining = this.#length
      this.#append(bytes, start, end)
      this.#remaining = 0
      this.#takeAppended()
    }
  }

  /** A frame whose payload was put together. */
  #takeAppended(): void {
    const first = this.#first
    if ((first & 0x08) !== 0) {
      this.#tellControl((this.#control ?? new Payload()).take())
      return
    }
    if (this.#opened === 0) this.#opened = first & (COMPRESSED | 0x0f)
    if ((first & FIN) === 0) return
    const kind = this.#opened
    this.#opened = 0
    this.#fragments = 0
    const bytes = (this.#message ?? new Payload()).take()
    this.#tellMessage(kind, bytes, 0, bytes.length, false)
  }

  // ── telling ──

  #tellMessage(kind: number, bytes: Buffer, start: number, end: number, ascii: boolean): void {
    const isText = (kind & 0x0f) === TEXT
    if ((kind & COMPRESSED) !== 0) this.#listener.onCompressed(bytes.subarray(start, end), isText)
    else this.#listener.onMessage(isText ? textOf(bytes, start, end, ascii) : bytes.subarray(start, end))
  }

  #tellControl(data: Buffer): void {
    const opcode = this.#first & 0x0f
    if (opcode === PING) this.#listener.onPing(data)
    else if (opcode === PONG) this.#listener.onPong(data)
    else this.#listener.onClose(statusOf(data))
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
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

/** RFC 6455 section 5.5.1. */
function statusOf(payload: Buffer): CloseStatus {
  if (payload.length === 0) return UNSPOKEN
  if (payload.length === 1) throw broken('a Close frame has half a code')
  const code = payload.readUInt16BE(0)
  if (!isSendable(code)) throw broken(`a Close frame says ${code}, which may not be said`)
  return { code, detail: textOf(payload, 2, payload.length) }
}

function broken(how: string): SluiceError {
  return new SluiceError('ERR_PROTOCOL', how)
}

function tooLong(limit: number): SluiceError {
  return new SluiceError('ERR_MESSAGE_TOO_LONG', `a message is longer than the ${limit} bytes of maxPayload`)
}
