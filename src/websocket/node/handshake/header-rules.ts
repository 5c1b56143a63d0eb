import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Rule } from '../../../connection/options.js'

export type Headers = Readonly<Record<string, string | readonly string[]>>

/** Those that the handshake itself consists of. */
const own: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
])

export const headers: Rule = value => {
  if (typeof value !== 'object' || value === null) return 'must be headers by their names'
  const wrong = Object.entries(value).flatMap(([name, text]) => (isHeader(name, text) ? [] : [name]))
  return wrong.length > 0 ? `must be headers that can be sent beside our own (${wrong.join(', ')})` : undefined
}

function isHeader(name: string, value: unknown): boolean {
  if (own.has(name.toLowerCase())) return false
  try {
    validateHeaderName(name)
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const text of values) validateHeaderValue(name, text as string)
    return values.every(text => typeof text === 'string') // Node takes numbers, too.
  } catch {
    return false
  }
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** RFC 6455 section 4.1: names of protocols are tokens, and each is there once. */
export const protocols: Rule = value =>
  Array.isArray(value) &&
  value.every(name => typeof name === 'string' && TOKEN.test(name)) &&
  new Set(value).size === value.length
    ? undefined
    : 'must be a list of different tokens'
