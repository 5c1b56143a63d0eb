import { SluiceError } from '../../../connection/errors.js'
import { UNSPOKEN, isSendable, type CloseStatus } from '../../close-status.js'
import type { Message } from '../../message.js'
import { COMPRESSED, PING, PONG, TEXT } from './frame.js'
import { FrameHeader, UNFINISHED, broken } from './frame-header.js'
import { rotated, toggleMask } from './mask.js'
import { Payload } from './payload.js'
import { textOf } from './utf8.js'
import type { Limits } from './wire-settings.js'

/** Who is told what a reader has read. */
export interface FrameListener {
  /** Whether no more is to be told: then what is left waits. */
  readonly holds: boolean
  onMessage(message: Message): void
  /** A whole message as it came: it has to be inflated. Only where compression was agreed upon. */
  onCompressed?(payload: Buffer, isText: boolean): void
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
  readonly #header: FrameHeader

  /** What was not read yet, since it had to wait. */
  #rest: Buffer | undefined
  #reading = false
  /** How many bytes of a frame's payload have not come. */
  #remaining = 0
  /** TEXT or BINARY while a message is open, with the bit of compression; 0 between messages. */
  #opened = 0
  #fragments = 0
  #message: Payload | undefined
  #control: Payload | undefined

  /** @param inflates whether compressed messages were agreed upon */
  constructor(listener: FrameListener, role: 'client' | 'server', limits: Limits, inflates: boolean) {
    this.#listener = listener
    this.#limits = limits
    this.#header = new FrameHeader(role, inflates)
  }

  /** Whether something has come that was not read. */
  get waits(): boolean {
    return this.#reading || this.#rest !== undefined
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

  #readFrame(bytes: Buffer, start: number): number {
    const header = this.#header
    const at = header.read(bytes, start, this.#opened !== 0)
    if (at === UNFINISHED) return bytes.length
    if (!header.isControl) this.#checkMessage(header)
    return this.#beginPayload(bytes, at)
  }

  /** Before any of it is read, so that what is too much is not even waited for. */
  #checkMessage({ first, length, isLast }: FrameHeader): void {
    const { maxPayload, maxFragments } = this.#limits
    const isCompressed = ((first | this.#opened) & COMPRESSED) !== 0
    if (length + (this.#message?.length ?? 0) > (isCompressed ? longestOf(maxPayload) : maxPayload))
      throw new SluiceError('ERR_MESSAGE_TOO_LONG', `a message is longer than the ${maxPayload} bytes of maxPayload`)
    if (isLast) return
    this.#fragments += 1
    if (this.#fragments >= maxFragments)
      throw new SluiceError('ERR_FLOOD', `a message comes in more than the ${maxFragments} fragments of maxFragments`)
  }

  // ── payloads ──

  #beginPayload(bytes: Buffer, start: number): number {
    const { length } = this.#header
    const end = start + length
    if (end <= bytes.length) {
      this.#takeWhole(bytes, start, end)
      return end
    }
    this.#remaining = length
    return start === bytes.length ? start : this.#readPayload(bytes, start)
  }

  #readPayload(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#remaining)
    this.#append(bytes, start, end)
    this.#header.mask = rotated(this.#header.mask, end - start)
    this.#remaining -= end - start
    if (this.#remaining === 0) this.#takeAppended()
    return end
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const { isControl, isLast, mask } = this.#header
    const payload = isControl ? (this.#control ??= new Payload()) : (this.#message ??= new Payload())
    const total = payload.length + this.#remaining
    payload.append(bytes, start, end, mask, isLast ? total : 2 * total)
  }

  /** A frame that lies whole in a chunk. */
  #takeWhole(bytes: Buffer, start: number, end: number): void {
    const { first, isControl, isLast, mask } = this.#header
    if (isControl) {
      if (mask !== 0) toggleMask(bytes, start, end, mask)
      this.#tellControl(bytes.subarray(start, end))
    } else if (isLast && this.#opened === 0) {
      const ascii = mask !== 0 && toggleMask(bytes, start, end, mask)
      this.#tellMessage(first, bytes, start, end, ascii)
    } else {
      this.#remaining = end - start
      this.#append(bytes, start, end)
      this.#remaining = 0
      this.#takeAppended()
    }
  }

  /** A frame whose payload was put together. */
  #takeAppended(): void {
    const { first, isControl, isLast } = this.#header
    if (isControl) {
      this.#tellControl((this.#control ?? new Payload()).take())
      return
    }
    if (this.#opened === 0) this.#opened = first & (COMPRESSED | 0x0f)
    if (!isLast) return
    const kind = this.#opened
    this.#opened = 0
    this.#fragments = 0
    const bytes = (this.#message ?? new Payload()).take()
    this.#tellMessage(kind, bytes, 0, bytes.length, false)
  }

  // ── telling ──

  #tellMessage(kind: number, bytes: Buffer, start: number, end: number, ascii: boolean): void {
    const isText = (kind & 0x0f) === TEXT
    if ((kind & COMPRESSED) !== 0) this.#listener.onCompressed?.(bytes.subarray(start, end), isText)
    else this.#listener.onMessage(isText ? textOf(bytes, start, end, ascii) : bytes.subarray(start, end))
  }

  #tellControl(data: Buffer): void {
    const { opcode } = this.#header
    if (opcode === PING) this.#listener.onPing(data)
    else if (opcode === PONG) this.#listener.onPong(data)
    else this.#listener.onClose(statusOf(data))
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
}

/** What can't be compressed becomes longer by that, by how much depends on who does it. How long it is once inflated is seen to elsewhere. */
function longestOf(maxPayload: number): number {
  return maxPayload + Math.ceil(maxPayload / 64) + 64
}

/** RFC 6455 section 5.5.1. */
function statusOf(payload: Buffer): CloseStatus {
  if (payload.length === 0) return UNSPOKEN
  if (payload.length === 1) throw broken('a Close frame has half a code')
  const code = payload.readUInt16BE(0)
  if (!isSendable(code)) throw broken(`a Close frame says ${code}, which may not be said`)
  return { code, detail: textOf(payload, 2, payload.length) }
}
