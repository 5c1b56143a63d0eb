import type { Observable } from 'rxjs'
import type {
  ConnectionOptions as NodeTlsOptions,
  SecureContextOptions,
  TlsOptions as NodeServerOptions,
} from 'node:tls'
import {
  anything,
  boolean,
  callback,
  milliseconds,
  oneOf,
  text,
  within,
  type Rule,
  type Rules,
} from '../connection/options.js'
import {
  pathPlaceRules,
  pathTargetRules,
  tcpPlaceRules,
  tcpTargetRules,
  type PathPlace,
  type PathTarget,
  type TcpPlace,
  type TcpTarget,
} from './socket-options.js'

/** Who we are, whom we trust and how we encrypt: Node's `tls.createSecureContext`. */
export type Credentials = Pick<
  SecureContextOptions,
  | 'ca'
  | 'cert'
  | 'ciphers'
  | 'crl'
  | 'dhparam'
  | 'ecdhCurve'
  | 'key'
  | 'maxVersion'
  | 'minVersion'
  | 'passphrase'
  | 'pfx'
  | 'sigalgs'
>

/** A server's credentials, with others for some of the names it is asked for. */
export interface ServerCredentials extends Credentials {
  /**
   * By server name; `*.example.org` stands for one label, and an exact name goes before it. Each has from the credentials beside it what it
   * does not say itself, such as `ca`; `cert`, `key`, `passphrase` and `pfx` go together. Who asks for no such name gets those beside it.
   */
  readonly sni?: Readonly<Record<string, Credentials>>
}

/** The client's side of a handshake. */
export interface TlsClientOptions
  extends Credentials, Pick<NodeTlsOptions, 'checkServerIdentity' | 'secureContext' | 'session'> {
  /** What we would speak, best first (ALPN, RFC 7301): `connection.tls.alpn` is what the server chose. */
  readonly ALPNProtocols?: readonly string[]
  /**
   * The name to ask the server for and to check its certificate against; an address is checked, but not asked for. Default: the host
   * that was dialled, or `localhost` where there is none, as over a path.
   */
  readonly servername?: string
  /** Whether a certificate that can't be trusted fails the handshake. Default `true`. */
  readonly rejectUnauthorized?: boolean
  /** How long the handshake may take, in milliseconds. Default 10 000. */
  readonly handshakeTimeout?: number
}

/** The server's side of its handshakes. */
export interface TlsServerOptions extends ServerCredentials, Pick<NodeServerOptions, 'ticketKeys' | 'sessionTimeout'> {
  /** What we speak, best first (ALPN, RFC 7301). */
  readonly ALPNProtocols?: readonly string[]
  /** Whether clients are asked for a certificate. Default `false`. */
  readonly requestCert?: boolean
  /** Whether a client without a certificate that `ca` vouches for is refused, where one is asked for. Default `true`. */
  readonly rejectUnauthorized?: boolean
  /** How long the handshake may take, in milliseconds. Default 5 000. */
  readonly handshakeTimeout?: number
}

/** What is dialled over TLS. */
export type TlsTarget = (TcpTarget | PathTarget) & TlsClientOptions

/** What is bound for TLS. */
export type TlsPlace = (TcpPlace | PathPlace) &
  TlsServerOptions & {
    /**
     * New credentials, each for the handshakes from then on; who is connected stays so. What they do not say stays as it was. Those that
     * are no good are counted among the listener's `failures`, and the ones before them stay in use.
     */
    readonly renewed?: Observable<ServerCredentials>
  }

export const credentialRules: Rules<Credentials> = {
  ca: anything,
  cert: anything,
  ciphers: text,
  crl: anything,
  dhparam: anything,
  ecdhCurve: text,
  key: anything,
  maxVersion: oneOf('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'),
  minVersion: oneOf('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'),
  passphrase: anything,
  pfx: anything,
  sigalgs: text,
}

/** RFC 7301: a name is sent behind one byte of length. */
const protocols: Rule = value =>
  Array.isArray(value) && value.length > 0 && value.every(isProtocol)
    ? undefined
    : 'must be a list of protocol names, of 255 bytes at most'

const named: Rule = value =>
  isObject(value) &&
  Object.values(value).every(
    own => isObject(own) && Object.keys(own).every(name => Object.hasOwn(credentialRules, name)),
  )
    ? undefined
    : 'must be credentials by server name, and nothing else'

/** RFC 5077: a name, and two keys. */
const ticketKeys: Rule = value =>
  value instanceof Uint8Array && value.length === 48 ? undefined : 'must be a Buffer of 48 bytes'

const observable: Rule = value => (isObject(value) && 'subscribe' in value ? undefined : 'must be an Observable')

export const clientRules: Rules<TlsClientOptions> = {
  ...credentialRules,
  ALPNProtocols: protocols,
  checkServerIdentity: callback,
  handshakeTimeout: milliseconds,
  rejectUnauthorized: boolean,
  secureContext: anything,
  servername: text,
  session: anything,
}

export const serverRules: Rules<TlsServerOptions> = {
  ...credentialRules,
  ALPNProtocols: protocols,
  handshakeTimeout: milliseconds,
  rejectUnauthorized: boolean,
  requestCert: boolean,
  sessionTimeout: within(1, 2 ** 31 - 1),
  sni: named,
  ticketKeys,
}

export const tlsTargetRules = { ...tcpTargetRules, ...clientRules }
export const tlsPathTargetRules = { ...pathTargetRules, ...clientRules }

export const tlsPlaceRules = { ...tcpPlaceRules, ...serverRules, renewed: observable }
export const tlsPathPlaceRules = { ...pathPlaceRules, ...serverRules, renewed: observable }

function isProtocol(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= 255
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Of all options those that there are rules for. */
export function only<Wanted extends object>(rules: Rules<Wanted>, all: Wanted): Wanted {
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(rules, name))) as Wanted
}

export const CLIENT_HANDSHAKE_TIMEOUT = 10_000
export const SERVER_HANDSHAKE_TIMEOUT = 5_000
