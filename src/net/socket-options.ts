import { isIP, type LookupFunction } from 'node:net'
import { connectionRules, type ConnectionOptions } from '../connection/connection-options.js'
import {
  boolean,
  callback,
  delay,
  milliseconds,
  oneOf,
  text,
  within,
  type Rule,
  type Rules,
} from '../connection/options.js'

/** What concerns one socket, on either side. */
export interface SocketOptions extends ConnectionOptions {
  /** Whether small writes go out at once. Default `true`: Sluice has already gathered what belongs together. */
  readonly noDelay?: boolean
  /** Whether the system probes a silent peer. Default `true`. */
  readonly keepAlive?: boolean
  /** After how long a silence it does so first, in milliseconds. Default 30 000. */
  readonly keepAliveInitialDelay?: number
}

/** What is dialled over TCP. */
export interface TcpTarget extends SocketOptions {
  /** 1 to 65 535. */
  readonly port: number
  /** A name or an address. Default `localhost`. */
  readonly host?: string
  /** From which of our own addresses it is dialled. Default: the system chooses. */
  readonly localAddress?: string
  /** From which of our own ports it is dialled, 0 to 65 535. Default 0: the system chooses. */
  readonly localPort?: number
  /** 4, 6, or 0 for both. Default 0. */
  readonly family?: 0 | 4 | 6
  /** Flags of `dns.lookup`. */
  readonly hints?: number
  /** Resolves names in place of `dns.lookup`. */
  readonly lookup?: LookupFunction
  /** Whether the addresses of a name are tried in turn. Default `true`. */
  readonly autoSelectFamily?: boolean
  /** How long each of several addresses is tried, in milliseconds. Default 1 000: Node's 250 fails hosts that are far away. */
  readonly autoSelectFamilyAttemptTimeout?: number
  /** How long the name may take to resolve, in milliseconds. Default 5 000. */
  readonly resolveTimeout?: number
  /** How long connecting may take once resolved, in milliseconds. Default 10 000. */
  readonly connectTimeout?: number
}

/** A Unix socket, or a Windows pipe, to dial. */
export interface PathTarget extends ConnectionOptions {
  /** At most 107 bytes on Linux and 103 elsewhere, the name of a pipe excepted. */
  readonly path: string
  /** How long connecting may take, in milliseconds. Default 10 000. */
  readonly connectTimeout?: number
}

/** What is bound for TCP. */
export interface TcpPlace extends SocketOptions {
  /** 0 for any that is free: `listening` tells which. */
  readonly port: number
  /** Default: every address of this machine. */
  readonly host?: string
  /** How many peers may wait to be accepted, by the system and again while the listener is paused. Default 511. */
  readonly backlog?: number
  /** Whether the address `::` is for IPv6 alone, and not for IPv4 as well. Default `false`. */
  readonly ipv6Only?: boolean
  /** Whether the workers of a `node:cluster` get ports of their own. Default `false`. */
  readonly exclusive?: boolean
  /**
   * Whether other processes may bind the port too, each to be given a share of the peers by the system. Default `false`.
   * It needs Node 22.12, and a system that shares (Linux, FreeBSD, …).
   */
  readonly reusePort?: boolean
}

/** A Unix socket, or a Windows pipe, to bind. */
export interface PathPlace extends ConnectionOptions {
  /** A file that a dead server has left there is taken over; that of a living one never is (`EADDRINUSE`). */
  readonly path: string
  /** Who may connect, as the permission bits of the file. Default: as the process's umask has it. */
  readonly mode?: number
  /** How many peers may wait to be accepted, by the system and again while the listener is paused. Default 511. */
  readonly backlog?: number
}

/** What fits into the system's address. Beyond that, some Nodes bind or dial another path, which is the beginning of it. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103

const path: Rule = value => text(value) ?? pathFault(String(value))

function pathFault(name: string): string | undefined {
  if (isPipe(name)) return undefined
  if (Buffer.byteLength(name) > LONGEST_PATH) return `must have at most ${LONGEST_PATH} bytes`
  // The same for what is behind a NUL, but for the first, by which Linux knows a name that is no file.
  return name.includes('\0', 1) ? 'must have no NUL within' : undefined
}

const address: Rule = value => (typeof value === 'string' && isIP(value) !== 0 ? undefined : 'must be an IP address')

/** Whether it is a path that is dialled or bound, and no port. */
export function hasPath<Options extends object>(
  options: Options,
): options is Extract<Options, { readonly path: string }> {
  const { path } = { ...options } as { readonly path?: unknown }
  return path !== undefined
}

/** The name of a Windows pipe, which is no file. */
export function isPipe(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\') || path.startsWith('\\\\?\\pipe\\')
}

/** A Node that does not know it would bind the port for itself alone, and the next process would fail. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const sharesPorts = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

const reusePort: Rule = value => boolean(value) ?? (value === true && !sharesPorts ? 'needs Node 22.12' : undefined)

const socketRules = { ...connectionRules, noDelay: boolean, keepAlive: boolean, keepAliveInitialDelay: delay }

export const tcpTargetRules: Rules<TcpTarget> = {
  ...socketRules,
  port: within(1, 65_535),
  host: text,
  localAddress: address,
  localPort: within(0, 65_535),
  family: oneOf(0, 4, 6),
  hints: within(0, 2 ** 31 - 1),
  lookup: callback,
  autoSelectFamily: boolean,
  autoSelectFamilyAttemptTimeout: milliseconds,
  resolveTimeout: milliseconds,
  connectTimeout: milliseconds,
}

export const pathTargetRules: Rules<PathTarget> = { ...connectionRules, path, connectTimeout: milliseconds }

export const tcpPlaceRules: Rules<TcpPlace> = {
  ...socketRules,
  port: within(0, 65_535),
  host: text,
  backlog: within(1, 65_535),
  ipv6Only: boolean,
  exclusive: boolean,
  reusePort,
}

export const pathPlaceRules: Rules<PathPlace> = {
  ...connectionRules,
  path,
  mode: within(0, 0o777),
  backlog: within(1, 65_535),
}

export const RESOLVE_TIMEOUT = 5_000
export const CONNECT_TIMEOUT = 10_000
export const BACKLOG = 511
