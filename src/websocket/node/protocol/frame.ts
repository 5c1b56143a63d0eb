/** The opcodes of frames (RFC 6455 section 5.2). */
export const CONTINUATION = 0x0
export const TEXT = 0x1
export const BINARY = 0x2
export const CLOSE = 0x8
export const PING = 0x9
export const PONG = 0xa

/** The bits of a frame's first byte that are no opcode. */
export const FIN = 0x80
export const COMPRESSED = 0x40
export const RESERVED = 0x30

/** The bit of the second byte that says that a mask follows. */
export const MASKED = 0x80

/** The longest header: two bytes, eight of length, four of mask. */
export const LONGEST_HEADER = 14

/** The longest payload of a control frame. */
export const LONGEST_CONTROL = 125

/** How many bytes come before a payload, without a mask. */
export function headerSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

/** Writes a header without a mask so that it ends before `end`, and answers where it begins. */
export function writeHeader(bytes: Uint8Array, end: number, first: number, length: number): number {
  const start = end - headerSize(length)
  bytes[start] = first
  if (length < 126) bytes[start + 1] = length
  else if (length < 65_536) {
    bytes[start + 1] = 126
    bytes[start + 2] = length >>> 8
    bytes[start + 3] = length
  } else {
    bytes[start + 1] = 127
    const high = Math.floor(length / 2 ** 32)
    for (let index = 0; index < 4; index += 1) {
      bytes[start + 2 + index] = high >>> (24 - 8 * index)
      bytes[start + 6 + index] = length >>> (24 - 8 * index)
    }
  }
  return start
}
