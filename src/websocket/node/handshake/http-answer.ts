import { STATUS_CODES } from 'node:http'
import type { Headers } from './header-rules.js'
import type { Refusal } from '../server/web-socket-place.js'

/** An answer as it goes over the wire, ahead of its body. */
export function answerHead(status: number, headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map(text => `${name}: ${text}`),
  )
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`, ...lines, '', ''].join('\r\n')
}

/** A refusal whole; after it the connection ends. */
export function refusalHeaders({ headers = {}, body = '' }: Refusal): Headers {
  const named = new Set(Object.keys(headers).map(name => name.toLowerCase()))
  return {
    ...(body !== '' && !named.has('content-type') && { 'Content-Type': 'text/plain; charset=utf-8' }),
    ...headers,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: named.has('upgrade') ? 'close, upgrade' : 'close',
  }
}
