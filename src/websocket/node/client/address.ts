import type { Endpoint } from '../../../connection/connection.js'
import { endpointOf } from '../../../net/endpoint.js'
import type { PathTarget, TcpTarget } from '../../../net/socket-options.js'
import { isSecure, type WebSocketTarget } from './web-socket-target.js'

/** Where a URL leads. */
export interface Address {
  readonly secure: boolean
  /** A name or an address, which the server has to prove to be. */
  readonly host: string
  readonly port: number
  /** What `Host` says. */
  readonly authority: string
  /** What is asked for. */
  readonly path: string
  readonly authorization: string | undefined
}

export function addressOf({ url }: WebSocketTarget): Address {
  const parsed = new URL(url)
  const { hostname, host, port, pathname, search, username, password } = parsed
  const secure = isSecure(parsed)
  return {
    secure,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    authority: host,
    path: pathname + search,
    authorization: username === '' && password === '' ? undefined : basic(username, password),
  }
}

/** The socket that is beneath. */
export function socketTarget(to: WebSocketTarget, { host, port }: Address): TcpTarget | PathTarget {
  const { path, family, localAddress, lookup, resolveTimeout, connectTimeout } = to
  const target =
    path === undefined
      ? { host, port, family, localAddress, lookup, resolveTimeout, connectTimeout }
      : { path, connectTimeout }
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as unknown as
    TcpTarget | PathTarget
}

export function endpointOfTarget(to: WebSocketTarget): Endpoint {
  return endpointOf(socketTarget(to, addressOf(to)))
}

/** RFC 7617. */
function basic(name: string, password: string): string {
  const credentials = `${decodeURIComponent(name)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
