import type { Socket } from 'node:net'
import type { Endpoint } from '../connection/connection.js'

/** Node remembers the addresses of a socket once it was asked for them, and has none when it has closed: so it is asked at the start. */
export function rememberAddresses(socket: Socket): void {
  Reflect.get(socket, 'remoteAddress')
  Reflect.get(socket, 'localAddress')
}

export function localEndpoint(socket: Socket): Endpoint | undefined {
  return endpoint(socket.localAddress, socket.localPort, socket.localFamily)
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
