import { connectionRules, type ConnectionOptions } from '../../connection/connection-options.js'
import type { Endpoint } from '../../connection/connection.js'
import { SluiceError } from '../../connection/errors.js'
import { bytes, callback, milliseconds, type Rule, type Rules } from '../../connection/options.js'
import type { PlatformWebSocket } from './platform-socket.js'

/** Whom to dial from a browser. Headers, pings, TLS options and a half-open connection are not the page's to have. */
export interface WebSocketTarget extends Omit<ConnectionOptions, 'halfOpen'> {
  /** With `ws:` or `wss:`, as which `http:` and `https:` are taken. For a path of the page: `new URL('/path', location.href)`. */
  readonly url: string | URL
  /** What we speak, best first (`Sec-WebSocket-Protocol`). Default: none. */
  readonly protocols?: readonly string[]
  /**
   * How many bytes may come while the connection is paused, since the platform can't be told to wait; a message counts for 64 at least.
   * Beyond it the connection is destroyed with `ERR_RECEIVE_OVERFLOW`. Default 16 MiB.
   */
  readonly maxHeld?: number
  /** How long it may take until it is open, in milliseconds. Default 10 000; `Infinity` for the platform's own limit. */
  readonly connectTimeout?: number
  /** What makes the WebSocket. Default: the platform's own. */
  readonly WebSocket?: PlatformWebSocket
}

/** The options that all ways to name a target come to. */
export function targetOf(to: string | URL | WebSocketTarget): WebSocketTarget {
  return typeof to === 'string' || 'href' in to ? { url: to } : to
}

const url: Rule = value => {
  const parsed = parse(value)
  if (parsed === undefined || !/^(?:ws|http)s?:$/.test(parsed.protocol))
    return 'must be an absolute URL with ws: or wss:'
  return parsed.href.includes('#') ? 'must have no fragment' : undefined
}

const protocols: Rule = value => {
  const all: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  const sound = all.every(one => typeof one === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(one))
  return sound && new Set(all).size === all.length ? undefined : 'must be a list of tokens of HTTP, each of them once'
}

const { halfOpen: _, ...rules } = connectionRules

export const targetRules: Rules<WebSocketTarget> = {
  ...rules,
  url,
  protocols,
  maxHeld: bytes,
  connectTimeout: milliseconds,
  WebSocket: callback,
}

/** Not by a rule, which would repeat them. */
export function refuseCredentials(url: unknown): void {
  const { username = '', password = '' } = parse(url) ?? {}
  if (username === '' && password === '') return
  throw new SluiceError('ERR_OPTIONS', 'webSocket.connect: url must have no credentials: a browser sends none')
}

/** The URL as all platforms take it. */
export function addressOf(url: string | URL): URL {
  const address = new URL(url)
  address.protocol = address.protocol.replace('http', 'ws')
  return address
}

export function endpointOf({ hostname, port, protocol }: URL): Endpoint {
  return { address: hostname, port: port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port) }
}

function parse(value: unknown): URL | undefined {
  try {
    return new URL(String(value))
  } catch {
    return undefined
  }
}
