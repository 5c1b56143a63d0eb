import type { Socket } from 'node:net'
import type { Endpoint } from '../connection/connection.js'

const localOf = Symbol('sluice.local')

interface Remembering extends Socket {
  [localOf]?: Endpoint | undefined
}

/** A handle is valid for ever, but Node has no addresses of a socket that has closed: so they are asked for at the start. */
export function rememberAddresses(socket: Remembering): void {
  socket[localOf] = endpoint(socket.localAddress, socket.localPort, socket.localFamily)
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
