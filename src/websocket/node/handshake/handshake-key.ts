import { createHash, randomBytes } from 'node:crypto'

/** RFC 6455 section 1.3: what tells a server that has understood from one that repeats what it is sent. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export function newKey(): string {
  return randomBytes(16).toString('base64')
}

/** Whether it is 16 bytes in base64. */
export function isKey(key: string | undefined): key is string {
  return key !== undefined && /^[+/0-9A-Za-z]{22}==$/.test(key)
}

/** What a server answers to a key. */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}
