import { connect, type ConnectionOptions } from 'node:tls'
import { rawServer, take } from './peers.js'

/** The first that a TLS client of Node's says. */
export async function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  const server = await rawServer()
  const client = connect({ host: '127.0.0.1', port: server.port, ...options })
  client.on('error', () => undefined)
  const socket = await server.socket()
  const header = await take(socket, 5)
  const hello = Buffer.concat([header, await take(socket, header.readUInt16BE(3))])
  client.destroy()
  return hello
}
