/** A frame as it stands on the wire, right or wrong. */
export interface RawFrame {
  readonly opcode: number
  /** Default: yes. */
  readonly fin?: boolean
  /** The reserved bits, of which 4 is RSV1. Default: none. */
  readonly rsv?: number
  /** Default: whatever the sender's role asks for. */
  readonly masked?: boolean
  readonly payload?: Uint8Array | string
  /** The length that it claims. Default: that of the payload. */
  readonly length?: number | bigint
  /** How many bytes the length has for itself. Default: as few as it needs. */
  readonly lengthBytes?: 0 | 2 | 8
}

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/** That of the RFC's own examples. */
const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

export function text(payload: Uint8Array | string, more: Partial<RawFrame> = {}): RawFrame {
  return { opcode: TEXT, payload, ...more }
}

export function binary(payload: Uint8Array | string, more: Partial<RawFrame> = {}): RawFrame {
  return { opcode: BINARY, payload, ...more }
}

/** A further fragment, by default the last. */
export function continuation(payload: Uint8Array | string, more: Partial<RawFrame> = {}): RawFrame {
  return { opcode: CONTINUATION, payload, ...more }
}

export function ping(payload: Uint8Array | string = '', more: Partial<RawFrame> = {}): RawFrame {
  return { opcode: PING, payload, ...more }
}

export function pong(payload: Uint8Array | string = '', more: Partial<RawFrame> = {}): RawFrame {
  return { opcode: PONG, payload, ...more }
}

export function close(code?: number, detail: Uint8Array | string = ''): RawFrame {
  if (code === undefined) return { opcode: CLOSE }
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(detail)])
  return { opcode: CLOSE, payload }
}

/** The frames of one message: a fragment for each payload. */
export function fragments(opcode: number, ...payloads: readonly (Uint8Array | string)[]): RawFrame[] {
  return payloads.map((payload, index) => ({
    opcode: index === 0 ? opcode : CONTINUATION,
    fin: index === payloads.length - 1,
    payload,
  }))
}

/** A frame's bytes. */
export function bytesOf(frame: RawFrame, masks: boolean): Buffer {
  const { opcode, fin = true, rsv = 0, masked = masks } = frame
  const payload = Buffer.from(frame.payload ?? '')
  const length = BigInt(frame.length ?? payload.length)
  const { lengthBytes = length < 126n ? 0 : length < 65_536n ? 2 : 8 } = frame
  const header = Buffer.alloc(2 + lengthBytes)
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  header[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) header.writeUInt16BE(Number(length), 2)
  if (lengthBytes === 8) header.writeBigUInt64BE(length, 2)
  return masked
    ? Buffer.concat([header, KEY, payload.map((byte, at) => byte ^ keyAt(KEY, at))])
    : Buffer.concat([header, payload])
}

/** A whole frame that has been read. */
export interface ReadFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  readonly payload: Buffer
}

/** The frames at the start of some bytes, and what is left of them: the simplest reader there can be. */
export function framesOf(bytes: Buffer): { readonly frames: readonly ReadFrame[]; readonly rest: Buffer } {
  const frames: ReadFrame[] = []
  let rest = bytes
  for (let read = readFrame(rest); read !== undefined; read = readFrame(rest)) {
    frames.push(read.frame)
    rest = rest.subarray(read.size)
  }
  return { frames, rest }
}

function readFrame(bytes: Buffer): { readonly frame: ReadFrame; readonly size: number } | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const masked = second >= 0x80
  const short = second & 0x7f
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  const start = 2 + lengthBytes + (masked ? 4 : 0)
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (bytes.length < start + length) return undefined
  const key = masked ? bytes.subarray(start - 4, start) : Buffer.alloc(4)
  const payload = Buffer.from(bytes.subarray(start, start + length).map((byte, at) => byte ^ keyAt(key, at)))
  const frame = { opcode: first & 0x0f, fin: first >= 0x80, rsv: (first >> 4) & 7, masked, payload }
  return { frame, size: start + length }
}

function keyAt(key: Uint8Array, at: number): number {
  return key[at % 4] ?? 0
}

/** A frame in a few words, such as `text one`, `close 1002` or `ping`; what is not as it should be is said too. */
export function shownFrame({ opcode, fin, rsv, payload }: ReadFrame): string {
  const name = names[opcode] ?? `opcode ${opcode}`
  const flaws = `${fin ? '' : ', more to come'}${rsv === 0 ? '' : `, rsv ${rsv}`}`
  const code = opcode === CLOSE && payload.length >= 2 ? ` ${payload.readUInt16BE(0)}` : ''
  const words = opcode === BINARY ? payload.toString('hex') : payload.subarray(code === '' ? 0 : 2).toString()
  return `${name}${code}${words === '' ? '' : ` ${words}`}${flaws}`
}

const names: Readonly<Record<number, string>> = {
  [CONTINUATION]: 'continuation',
  [TEXT]: 'text',
  [BINARY]: 'binary',
  [CLOSE]: 'close',
  [PING]: 'ping',
  [PONG]: 'pong',
}
