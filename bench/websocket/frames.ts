// What the load says and hears: made by hand, so that it is nobody's own.

/** A handshake's request. */
export const request = Buffer.from(
  [
    'GET / HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    '',
    '',
  ].join('\r\n'),
)

/** A client's Close frame, without a code. */
export const farewell = Buffer.from([0x88, 0x80, 1, 2, 3, 4])

export type Kind = 'binary' | 'text'

const OPCODES = { text: 1, binary: 2 }
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const

/** A message from a client, with a mask. */
export function asked(kind: Kind, size: number): Buffer {
  const payload = payloadOf(size)
  const masked = payload.map((byte, index) => byte ^ (MASK[index & 3] ?? 0))
  const header = head(kind, size)
  header[1] = (header[1] ?? 0) | 0x80
  return Buffer.concat([header, Buffer.from(MASK), masked])
}

/** The same message from a server. */
export function answered(kind: Kind, size: number): Buffer {
  return Buffer.concat([head(kind, size), payloadOf(size)])
}

function head(kind: Kind, size: number): Buffer {
  const first = 0x80 | OPCODES[kind]
  if (size < 126) return Buffer.from([first, size])
  if (size < 65_536) return Buffer.from([first, 126, size >> 8, size & 255])
  const long = Buffer.alloc(10)
  long[0] = first
  long[1] = 127
  long.writeBigUInt64BE(BigInt(size), 2)
  return long
}

function payloadOf(size: number): Buffer {
  return Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz')
}
