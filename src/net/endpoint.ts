import { isIPv4, type Server, type Socket } from 'node:net'
import type { Endpoint } from '../connection/connection.js'
import { pack, unpack } from './packed-address.js'
import { handleOf } from './socket-handle.js'
import { hasPath, type PathTarget, type TcpTarget } from './socket-options.js'

const localOf = Symbol('sluice.local')
const remoteOf = Symbol('sluice.remote')

/** What stands for all addresses of the machine. */
const EVERY = new Set(['0.0.0.0', '::'])

interface Remembering extends Socket {
  [localOf]?: Endpoint | undefined
  [remoteOf]?: number | undefined
}

/** Where a dial goes to: all that is known of the remote end until it is connected, and all there is to know if it is an address. */
export function endpointOf(to: TcpTarget | PathTarget): Endpoint {
  if (hasPath(to)) return { address: to.path }
  const { host = 'localhost', port } = to
  return isIPv4(host) ? { address: host, port, family: 'IPv4' } : { address: host, port }
}

/** Where a server is bound. */
export function boundEndpoint(server: Server): Endpoint {
  const address = server.address()
  if (address === null) return { address: '' }
  if (typeof address === 'string') return { address }
  return { address: address.address, port: address.port, family: address.family === 'IPv6' ? 'IPv6' : 'IPv4' }
}

/**
 * A handle is valid for ever, but Node has no addresses of a socket that has closed: so they are asked for at the start, where they are
 * not known without asking.
 */
export function rememberDialled(socket: Remembering, target: Endpoint): void {
  rememberLocal(socket)
  if (target.family === undefined) rememberRemote(socket)
}

/** @param bound where it was accepted: unless that is every address, it is the local end too */
export function rememberAccepted(socket: Remembering, bound: Endpoint): void {
  if (EVERY.has(bound.address)) rememberLocal(socket)
  rememberRemote(socket)
}

function rememberLocal(socket: Remembering): void {
  socket[localOf] = endpoint(socket.localAddress, socket.localPort, socket.localFamily)
}

/** Node itself takes a note of it, once it is asked: ours is smaller, where we can have it. */
function rememberRemote(socket: Remembering): void {
  const answer: { address?: string; port?: number } = {}
  handleOf(socket)?.getpeername?.(answer)
  const { address = '', port = 0 } = answer
  const packed = pack(address, port)
  if (packed === undefined) Reflect.get(socket, 'remoteAddress')
  else socket[remoteOf] = packed
}

export function localEndpoint(socket: Remembering): Endpoint | undefined {
  return socket[localOf]
}

export function remoteEndpoint(socket: Remembering): Endpoint | undefined {
  const { [remoteOf]: packed } = socket
  if (packed !== undefined) return unpack(packed)
  return endpoint(socket.remoteAddress, socket.remotePort, socket.remoteFamily)
}

function endpoint(
  address: string | undefined,
  port: number | undefined,
  family: string | undefined,
): Endpoint | undefined {
  if (address === undefined || port === undefined) return undefined
  return { address, port, family: family === 'IPv6' ? 'IPv6' : 'IPv4' }
}
