import type { IncomingMessage } from 'node:http'
import { isKey } from '../handshake/handshake-key.js'
import { lists } from '../handshake/header-list.js'
import type { Refusal } from './web-socket-place.js'

/** What is wrong with a request that wants to be a WebSocket, as RFC 6455 section 4.2.1 has it. */
export function faultOf({ method, httpVersionMajor, httpVersionMinor, headers }: IncomingMessage): Refusal | undefined {
  if (method !== 'GET') return refused(405, 'a WebSocket is asked for with GET', { Allow: 'GET' })
  if (httpVersionMajor !== 1 || httpVersionMinor < 1) return refused(400, 'a WebSocket needs HTTP/1.1')
  if (headers.host === undefined || headers.host === '') return refused(400, 'Host is missing')
  if (!lists(headers.upgrade, 'websocket') || !lists(headers.connection, 'upgrade')) return noUpgrade()
  const version = headers['sec-websocket-version']
  if (version !== '13')
    return refused(426, 'the version of WebSocket that is spoken here is 13', { 'Sec-WebSocket-Version': '13' })
  if (!isKey(headers['sec-websocket-key'])) return refused(400, 'Sec-WebSocket-Key must be 16 bytes in base64, once')
  return undefined
}

/** What Node can't parse. */
export function parseFault({ code }: NodeJS.ErrnoException): Refusal {
  return code === 'HPE_HEADER_OVERFLOW' ? refused(431, 'the headers are too long') : refused(400, 'this is no HTTP')
}

/** RFC 9110 section 15.5.22: whoever comes for something else is told what there is. */
export function noUpgrade(): Refusal {
  return refused(426, 'a WebSocket is all there is here', { Upgrade: 'websocket' })
}

export function refused(status: number, body: string, headers: Refusal['headers'] = {}): Refusal {
  return { accept: false, status, body: `${body}\n`, headers }
}
