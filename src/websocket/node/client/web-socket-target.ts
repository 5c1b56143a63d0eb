import type { Agent } from 'node:http'
import {
  callback,
  checkOptions,
  group,
  milliseconds,
  type Beside,
  type Rule,
  type Rules,
} from '../../../connection/options.js'
import { pathTargetRules, tcpTargetRules, type TcpTarget } from '../../../net/socket-options.js'
import { clientRules, type TlsClientOptions } from '../../../net/tls-options.js'
import { headers, protocols, type Headers } from '../handshake/header-rules.js'
import { messageRules, type MessageOptions } from '../message-options.js'

/** How a `wss:` server is trusted. What is spoken is HTTP/1.1, and the deadline is the handshake's. */
export type WebSocketTls = Omit<TlsClientOptions, 'ALPNProtocols' | 'handshakeTimeout'>

/** What is dialled for a WebSocket. */
export interface WebSocketTarget
  extends MessageOptions, Pick<TcpTarget, 'family' | 'localAddress' | 'lookup' | 'resolveTimeout' | 'connectTimeout'> {
  /** `ws:`, `wss:`, `http:` or `https:`. A name and a password in it are sent as `Authorization`. */
  readonly url: string | URL
  /** What we would speak, best first (`Sec-WebSocket-Protocol`): `connection.protocol` is what the server chose. */
  readonly protocols?: readonly string[]
  /** What else the request says: cookies, `Authorization`, `Origin`. */
  readonly headers?: Headers
  /** For `wss:` and `https:`. */
  readonly tls?: WebSocketTls
  /** Makes the socket, such as one through a proxy, and has its own way to a name and to trust. Default: we dial ourselves. */
  readonly agent?: Agent
  /** A Unix socket, or a Windows pipe, to dial in place of the URL's host and port. */
  readonly path?: string
  /** How long the TLS handshake and the upgrade may take together, in milliseconds. Default 10 000. */
  readonly handshakeTimeout?: number
}

const PROTOCOLS = ['ws:', 'wss:', 'http:', 'https:']

const url: Rule = value => {
  const parsed = typeof value === 'string' || value instanceof URL ? parse(value) : undefined
  if (parsed === undefined || !PROTOCOLS.includes(parsed.protocol))
    return 'must be a URL with ws:, wss:, http: or https:'
  if (!isReadable(parsed)) return 'must have a name and a password in UTF-8, escaped as URLs have it'
  // RFC 6455 section 3.
  return parsed.href.includes('#') ? 'must have no fragment' : undefined
}

function isReadable({ username, password }: URL): boolean {
  try {
    for (const part of [username, password]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

const { ALPNProtocols, handshakeTimeout, ...trust } = clientRules

const tls: Rule = (value, beside) =>
  isPlain(beside) ? 'is for wss: and https: alone' : group<WebSocketTls>(trust)(value)

const agent: Rule = value =>
  typeof value === 'object' && value !== null && 'addRequest' in value ? undefined : 'must be an http.Agent'

/** What is of no use beside a path. */
function unlessPath(rule: Rule): Rule {
  return (value, beside) => (beside?.['path'] === undefined ? rule(value) : 'is of no use beside a path')
}

const targetRules: Rules<WebSocketTarget> = {
  ...messageRules,
  url,
  protocols,
  headers,
  tls,
  agent: unlessPath(agent),
  path: pathTargetRules.path,
  family: unlessPath(tcpTargetRules.family),
  localAddress: unlessPath(tcpTargetRules.localAddress),
  lookup: unlessPath(callback),
  resolveTimeout: milliseconds,
  connectTimeout: milliseconds,
  handshakeTimeout: milliseconds,
}

export function checkTarget(to: WebSocketTarget): void {
  checkOptions('webSocket.connect', to, targetRules, ['url'])
}

function isPlain(beside: Beside | undefined): boolean {
  const parsed = parse(beside?.['url'])
  return parsed !== undefined && !isSecure(parsed)
}

export function isSecure({ protocol }: URL): boolean {
  return protocol === 'wss:' || protocol === 'https:'
}

function parse(value: unknown): URL | undefined {
  try {
    return new URL(String(value))
  } catch {
    return undefined
  }
}
