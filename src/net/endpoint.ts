import type { Socket } from 'node:net'
import type { Endpoint } from '../connection/connection.js'

const localOf = Symbol('sluice.local')

/** What stands for all addresses of the machine. */
const EVERY = new Set(['0.0.0.0', '::'])

interface Remembering extends Socket {
  [localOf]?: Endpoint | undefined
}

/**
 * A handle is valid for ever, but Node has no addresses of a socket that has closed: so they are asked for at the start.
 *
 * @param bound where it was accepted: unless that is every address, it is the local end, the same object for all
 */
export function rememberAddresses(socket: Remembering, bound?: Endpoint): void {
  const known = bound !== undefined && !EVERY.has(bound.address)
  socket[localOf] = known ? bound : endpoint(socket.localAddress, socket.localPort, socket.localFamily)
  Reflect.get(socket, 'remoteAddress') // Of this one Node itself takes a note.
}

export function localEndpoint(socket: Remembering): Endpoint | undefined {
  return socket[localOf]
}

export function remoteEndpoint(socket: Socket): Endpoint | undefined {
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
