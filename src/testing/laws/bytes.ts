import type { React } from './witness.js'

/** More than fits into any buffer on the way at once. */
export const LARGE = 1024 * 1024

/** Bytes of which none can be lost, doubled or moved without its being seen. */
export function someBytes(size: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let index = 0; index < size; index += 1) bytes[index] = index + (index >>> 8) * 7 + (index >>> 16) * 13 + seed
  return bytes
}

/** Sends what arrives back. */
export const echo: React = event => {
  if (event.type === 'packet') event.connection.send(event.packet)
}

/** Sends ten bytes when it can. */
export const askTen: React = event => {
  if (event.type === 'open') event.connection.send(someBytes(10))
}
