import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Observable, ObservableInput } from 'rxjs'
import {
  boolean,
  callback,
  checkOptions,
  count,
  group,
  milliseconds,
  within,
  type Rule,
  type Rules,
} from '../../../connection/options.js'
import { hasPath, pathPlaceRules, tcpPlaceRules, type PathPlace, type TcpPlace } from '../../../net/socket-options.js'
import { serverRules, tlsPlaceRules, type TlsPlace, type TlsServerOptions } from '../../../net/tls-options.js'
import { headers, protocols, type Headers } from '../handshake/header-rules.js'
import { messageRules, type MessageOptions } from '../message-options.js'

/** What may be other for one connection than for all. */
export type OwnMessageOptions = Pick<MessageOptions, 'deflate' | 'maxFragments' | 'maxPayload' | 'maxPings'>

/** What an upgrade request is answered. */
export type Negotiation<Context = undefined> = Acceptance<Context> | Refusal

/** The client is let in. */
export interface Acceptance<Context = undefined> {
  readonly accept: true
  /** One of those that the client offers. Default: the first of ours that it does. */
  readonly protocol?: string
  /** What else the answer says. */
  readonly headers?: Headers
  /** For this connection, in place of the listener's. */
  readonly options?: OwnMessageOptions
  /** `connection.context`: who it is, what it may do. */
  readonly context?: Context
}

/** The client is turned away, by an answer of HTTP's. */
export interface Refusal {
  readonly accept: false
  /** 400 to 599. Default 403. */
  readonly status?: number
  /** What else the answer says: `retry-after`, say. */
  readonly headers?: Headers
  /** Plain text, unless the headers say otherwise. */
  readonly body?: string
}

/** Whom a listener lets in, and how. */
export interface WebSocketListenOptions<Context = undefined> extends MessageOptions {
  /** Which path is ours; for others the answer is 404. Default: all. */
  readonly pathname?: string
  /** What we speak, best first: the first that the client offers too is agreed upon, or none. */
  readonly protocols?: readonly string[]
  /**
   * Which pages of a browser may connect: those of this very host (`same`; over TLS, those that came so, too), all (`any`), or those
   * of some origins, such as `https://example.org`. Others are answered 403. A request without an `Origin` comes from no browser, and is let in. Default `same`.
   */
  readonly origins?: 'any' | 'same' | readonly string[]
  /**
   * Says what a request is answered, now or by a promise or an Observable. One that throws, or has no answer, is a 500 to that client alone,
   * and counted among the listener's `failures`. A client that leaves unsubscribes it.
   */
  readonly negotiate?: (request: IncomingMessage) => Negotiation<Context> | ObservableInput<Negotiation<Context>>
  /** How long `negotiate` may take until the answer is 503, in milliseconds. Default 5 000. */
  readonly negotiateTimeout?: number
  /** How many requests may be under negotiation at once; more are answered 503. Default 1 024. */
  readonly maxNegotiations?: number
}

/** A port, or a path, of its own. */
export type OwnPlace = (TcpPlace | PathPlace) & {
  /** Credentials for `wss:`. */
  readonly tls?: Omit<TlsServerOptions, 'ALPNProtocols' | 'handshakeTimeout'> & Pick<TlsPlace, 'renewed'>
  /** How long it may take from being accepted to being upgraded, in milliseconds. Default 5 000. */
  readonly handshakeTimeout?: number
}

/** A server that is there for other things too, and stays when we go. */
export interface ServerPlace {
  /** It is yours to start and to close. */
  readonly server: HttpServer | HttpsServer
  /** How many upgrades may wait while the listener is paused. Default 511. */
  readonly backlog?: number
}

/** Upgrades that somebody else takes in: all that `fromEvent(server, 'upgrade')` emits. */
export interface UpgradesPlace {
  /** Each is answered here, those too who are not let in. */
  readonly upgrades: Observable<readonly [request: IncomingMessage, socket: Duplex, head: Buffer]>
  /** How many upgrades may wait while the listener is paused. Default 511. */
  readonly backlog?: number
}

/** Where WebSockets come from. */
export type WebSocketPlace<Context = undefined> = (OwnPlace | ServerPlace | UpgradesPlace) &
  WebSocketListenOptions<Context>

const pathname: Rule = value =>
  typeof value === 'string' && /^\/[^?#]*$/.test(value) ? undefined : "must be a path that begins with '/'"

const origins: Rule = value =>
  value === 'same' || value === 'any' || (Array.isArray(value) && value.every(isOrigin))
    ? undefined
    : "must be 'same', 'any', or a list of origins such as 'https://example.org'"

const upgradeRules: Rules<WebSocketListenOptions> = {
  ...messageRules,
  pathname,
  protocols,
  origins,
  negotiate: callback,
  negotiateTimeout: milliseconds,
  maxNegotiations: count,
}

const { ALPNProtocols, handshakeTimeout, ...credentials } = serverRules

const ownRules = {
  ...upgradeRules,
  tls: group({ ...credentials, renewed: tlsPlaceRules.renewed }),
  handshakeTimeout: milliseconds,
}

const server: Rule = value => (has(value, 'listening', 'on') ? undefined : 'must be an http.Server or https.Server')

const upgrades: Rule = value => (has(value, 'subscribe') ? undefined : 'must be an Observable')

const acceptanceRules: Rules<Acceptance> = {
  accept: boolean,
  protocol: value => (typeof value === 'string' ? undefined : 'must be a string'),
  headers,
  options: group<OwnMessageOptions>({
    deflate: messageRules.deflate,
    maxFragments: messageRules.maxFragments,
    maxPayload: messageRules.maxPayload,
    maxPings: messageRules.maxPings,
  }),
  context: () => undefined,
}

const refusalRules: Rules<Refusal> = {
  accept: boolean,
  status: within(400, 599),
  headers,
  body: value => (typeof value === 'string' ? undefined : 'must be a string'),
}

export function checkPlace<Context>(at: WebSocketPlace<Context>): void {
  const of = 'webSocket.listen'
  if (!has(at)) checkOptions(of, at as object, ownRules)
  else if ('server' in at) checkOptions(of, at as object, { ...upgradeRules, server, backlog: tcpPlaceRules.backlog })
  else if ('upgrades' in at)
    checkOptions(of, at as object, { ...upgradeRules, upgrades, backlog: tcpPlaceRules.backlog })
  else if (hasPath(at)) checkOptions(of, at as object, { ...pathPlaceRules, ...ownRules })
  else checkOptions(of, at as object, { ...tcpPlaceRules, ...ownRules }, ['port'] as never[])
}

/** @throws `SluiceError` with code `ERR_OPTIONS` for what is no answer */
export function checkNegotiation(answer: Negotiation<unknown>): void {
  if (answer.accept) checkOptions('negotiate', answer as Acceptance, acceptanceRules)
  else checkOptions('negotiate', answer, refusalRules)
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]+$/i.test(value)
}

function has(value: unknown, ...names: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && names.every(name => name in value)
}
