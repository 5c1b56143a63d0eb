import { isUtf8 } from 'node:buffer'
import { SluiceError } from '../../../connection/errors.js'

/** Up to how many bytes a look at each is faster than a call of the system's validator. */
const SHORT = 128

/**
 * A part of some bytes as text. Throws for what is no UTF-8 (RFC 6455 section 8.1).
 *
 * @param ascii whether that is known already
 */
export function textOf(bytes: Buffer, start: number, end: number, ascii = false): string {
  if (ascii || isShortAscii(bytes, start, end)) return bytes.toString('latin1', start, end)
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString('utf8', start, end)
  throw new SluiceError('ERR_MESSAGE_ENCODING', 'a text is no UTF-8')
}

function isShortAscii(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SHORT) return false
  let seen = 0
  for (let at = start; at < end; at += 1) seen |= bytes[at] ?? 0
  return seen < 0x80
}
