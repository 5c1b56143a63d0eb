import { randomFillSync } from 'node:crypto'

/** From how many bytes on words are faster than bytes. */
const WORDS = 64

/** Random bytes for masks, of which nobody may guess the next (RFC 6455 section 10.3): four at a time, from one call for many. */
const pool = new Uint8Array(8 * 1024)
let used = pool.length

/** A fresh mask, as a number whose lowest byte is the mask's first. */
export function newMask(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 4
  return readMask(pool, used - 4)
}

export function readMask(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

export function writeMask(bytes: Uint8Array, at: number, mask: number): void {
  bytes[at] = mask
  bytes[at + 1] = mask >>> 8
  bytes[at + 2] = mask >>> 16
  bytes[at + 3] = mask >>> 24
}

/** The mask of a payload of which so many bytes have been unmasked. */
export function rotated(mask: number, by: number): number {
  const bits = (by & 3) * 8
  return bits === 0 ? mask : (mask >>> bits) | (mask << (32 - bits))
}

/** Masks bytes in place, or unmasks them, which is the same; answers whether the result is all ASCII. */
export function toggleMask(bytes: Uint8Array, start: number, end: number, mask: number): boolean {
  let key = mask
  let seen = 0
  let at = start
  if (end - start >= WORDS) {
    const aligned = start + (-(bytes.byteOffset + start) & 3)
    for (; at < aligned; at += 1) {
      const byte = (bytes[at] ?? 0) ^ (key & 0xff)
      bytes[at] = byte
      seen |= byte
      key = rotated(key, 1)
    }
    const count = (end - at) >>> 2
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, count)
    let bits = 0
    for (let index = 0; index < count; index += 1) {
      const word = (words[index] ?? 0) ^ key
      words[index] = word
      bits |= word
    }
    if ((bits & 0x80808080) !== 0) seen |= 0x80
    at += count * 4
  }
  for (let shift = 0; at < end; at += 1, shift = (shift + 8) & 31) {
    const byte = (bytes[at] ?? 0) ^ ((key >>> shift) & 0xff)
    bytes[at] = byte
    seen |= byte
  }
  return seen < 0x80
}
