import { SluiceError } from '../connection/errors.js'

/** A frame that arrives is longer than the limit. */
export function tooLong(size: number, limit: number, option = 'maxFrameLength'): SluiceError {
  const shown = Number.isSafeInteger(size) ? `${size} bytes` : 'more than 2 ** 53 bytes'
  return new SluiceError('ERR_FRAME_TOO_LONG', `a frame of ${shown} arrives, more than the ${limit} of ${option}`)
}

/** What arrives breaks the format. */
export function malformed(what: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_FRAME_MALFORMED', what, cause === undefined ? undefined : { cause })
}

/** The input has ended within a frame. */
export function truncated(size: number): SluiceError {
  return new SluiceError('ERR_FRAME_TRUNCATED', `the input ended within a frame, after ${size} of its bytes`)
}

/** What is to be sent would break the peer's limit, and ours. */
export function unsendable(size: number, limit: number, option = 'maxFrameLength'): RangeError {
  return new RangeError(`a frame of ${size} bytes can't be sent, as ${option} is ${limit}`)
}

/** Refuses to send what is no bytes. */
export function checkBytes(codec: string, packet: unknown): void {
  if (packet instanceof Uint8Array) return
  throw new TypeError(`${codec} sends a Uint8Array, not ${packet === null ? 'null' : typeof packet}`)
}
