import type { Wire } from '../../../connection/wire.js'
import type { CloseStatus } from '../../close-status.js'
import { isControl, type ControlMessage, type Message } from '../../message.js'
import {
  BINARY,
  FIN,
  LONGEST_CONTROL,
  LONGEST_HEADER,
  MASKED,
  PING,
  PONG,
  TEXT,
  headerSize,
  writeHeader,
} from './frame.js'
import { newMask, toggleMask, writeMask } from './mask.js'

/** What can be sent on a WebSocket: a message, or a ping or pong of one's own. */
export type Outgoing = Message | ControlMessage

/** The longest payload, and the longest text, that is put together in the scratch. */
const SHORT = 1024
const SHORT_TEXT = Math.floor((SHORT - LONGEST_HEADER) / 3)

/**
 * Where short frames are put together, for wires that copy what is short: a header ends at `PAYLOAD`. Between `size` and `write` it has a
 * short text.
 */
const scratch = Buffer.allocUnsafeSlow(LONGEST_HEADER + SHORT)
const PAYLOAD = LONGEST_HEADER

/** Headers of messages from a server, by their size. */
const headers = [2, 4, 10].map(size => Buffer.allocUnsafeSlow(size))

/** Who is told what was written. */
export interface WriteListener {
  /** So many bytes of a control frame are to be written; answers whether they may be. */
  added(size: number): boolean
  /** Never called in the middle of a frame, as it may be followed by another. */
  onWritten(size: number): void
}

/** Writes messages as frames, each as one. */
export class FrameWriter {
  /** How many bytes the wire was given that it has not told of as written. */
  unwritten = 0
  readonly #below: Wire
  readonly #listener: WriteListener
  readonly #masks: boolean
  readonly #maskSize: number
  /** Whether the wire copies what is put together in the scratch. */
  readonly #copies: boolean
  /** The short text that lies in the scratch, and its length there. */
  #text: string | undefined
  #textLength = 0
  /** Half a frame is out, into which nothing may be sent. */
  #between = false
  /** What was written meanwhile. */
  #late = 0

  constructor(below: Wire, role: 'client' | 'server', listener: WriteListener) {
    this.#below = below
    this.#listener = listener
    this.#masks = role === 'client'
    this.#maskSize = this.#masks ? 4 : 0
    this.#copies = (below.copies ?? 0) >= SHORT
  }

  /** The size of a packet's frame. Throws a `TypeError` for what can't be sent. */
  sizeOf(packet: Outgoing): number {
    return this.frameSize(typeof packet === 'string' ? this.#encode(packet) : bytesOf(packet).length)
  }

  frameSize(length: number): number {
    return headerSize(length) + this.#maskSize + length
  }

  /** Writes a packet; one whose size was asked for just before costs less. */
  write(packet: Outgoing): void {
    if (typeof packet === 'string') this.#writeText(packet)
    else this.frame(opcodeOf(packet) | FIN, bytesOf(packet))
  }

  /** Writes a frame. Its payload is given away. */
  frame(first: number, payload: Uint8Array): void {
    const { length } = payload
    if (this.#masks) this.#masked(first, payload)
    else if (this.#copies) {
      const header = headers[length < 126 ? 0 : length < 65_536 ? 1 : 2] as Buffer
      writeHeader(header, header.length, first, length)
      this.#between = length > 0
      this.#put(header)
      this.#between = false
      if (length > 0) this.#put(payload)
      this.#tellLate()
    } else this.#put(wholeFrame(first, payload))
  }

  /** Writes a control frame, unless there is no room for it; answers whether there was. */
  control(opcode: number, payload: Uint8Array): boolean {
    if (!this.#listener.added(this.frameSize(payload.length))) return false
    this.frame(opcode | FIN, payload)
    return true
  }

  /** The wire has written so many bytes. */
  written(size: number): void {
    this.unwritten -= size
    if (this.#between) this.#late += size
    else this.#listener.onWritten(size)
  }

  /** Writes a frame that many are sent. */
  share(frame: Uint8Array): void {
    this.unwritten += frame.length
    if (this.#below.share === undefined) this.#below.write(frame)
    else this.#below.share(frame)
  }

  /** The whole frame of a packet, for many: there is no mask on it. */
  static whole(packet: Outgoing): Uint8Array {
    const payload = typeof packet === 'string' ? Buffer.from(packet) : bytesOf(packet)
    return wholeFrame(opcodeOf(packet) | FIN, payload)
  }

  /** How long a text is in UTF-8. A short one is encoded with that, as it will be sent next. */
  #encode(text: string): number {
    if (text.length > SHORT_TEXT) return Buffer.byteLength(text)
    this.#text = text
    this.#textLength = scratch.write(text, PAYLOAD)
    return this.#textLength
  }

  #writeText(text: string): void {
    if (this.#text !== text || !this.#copies) {
      this.frame(TEXT | FIN, Buffer.from(text))
      return
    }
    this.#text = undefined
    this.#short(TEXT | FIN, this.#textLength)
  }

  #masked(first: number, payload: Uint8Array): void {
    const { length } = payload
    if (this.#copies && length <= SHORT - LONGEST_HEADER) {
      scratch.set(payload, PAYLOAD)
      this.#short(first, length)
      return
    }
    const at = headerSize(length) + 4
    const frame = Buffer.allocUnsafe(at + length)
    frame.set(payload, at)
    this.#head(frame, at, first, length)
    this.#put(frame)
  }

  /** Writes the frame whose payload lies in the scratch. */
  #short(first: number, length: number): void {
    const start = this.#head(scratch, PAYLOAD, first, length)
    this.#put(scratch.subarray(start, PAYLOAD + length))
  }

  #tellLate(): void {
    const late = this.#late
    if (late === 0) return
    this.#late = 0
    this.#listener.onWritten(late)
  }

  #put(bytes: Uint8Array): void {
    this.unwritten += bytes.length
    this.#below.write(bytes)
  }

  /** Puts the header before a payload, and masks that where it has to be; answers where the frame begins. */
  #head(bytes: Buffer, payloadAt: number, first: number, length: number): number {
    const start = writeHeader(bytes, payloadAt - this.#maskSize, first, length)
    if (!this.#masks) return start
    const mask = newMask()
    bytes[start + 1] = (bytes[start + 1] ?? 0) | MASKED
    writeMask(bytes, payloadAt - 4, mask)
    toggleMask(bytes, payloadAt, payloadAt + length, mask)
    return start
  }
}

function wholeFrame(first: number, payload: Uint8Array): Buffer {
  const at = headerSize(payload.length)
  const frame = Buffer.allocUnsafe(at + payload.length)
  writeHeader(frame, at, first, payload.length)
  frame.set(payload, at)
  return frame
}

export function opcodeOf(packet: Outgoing): number {
  if (typeof packet === 'string') return TEXT
  if (packet instanceof Uint8Array) return BINARY
  return packet.type === 'ping' ? PING : PONG
}

export function bytesOf(packet: Uint8Array | ControlMessage): Uint8Array {
  if (packet instanceof Uint8Array) return packet
  if (!isControl(packet) || !(packet.data instanceof Uint8Array))
    throw new TypeError('a WebSocket sends a string, a Uint8Array, or a ping or pong with data')
  if (packet.data.length > LONGEST_CONTROL)
    throw new TypeError(`a ${packet.type} has at most ${LONGEST_CONTROL} bytes, not ${packet.data.length}`)
  return packet.data
}

/** The payload of a Close frame. */
export function closePayload({ code, detail }: CloseStatus): Uint8Array {
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(detail))
  payload.writeUInt16BE(code, 0)
  payload.write(detail, 2)
  return payload
}
