import { defer } from 'rxjs'
import type { Connection, ConnectionEvent, ConnectionOptions, ConnectionStream, Endpoint, Listener } from 'sluice'
import { tcp, tls, upgrade } from 'sluice/net'
import { ca, server } from './certificates.js'
import { freshPath } from './directory.js'
import { startedTls } from './started-tls.js'
import { Watch } from './watch.js'

/** A way to connect two ends on this machine. */
export interface Pairing {
  readonly name: string
  /** Of bytes that nobody but the peer can read, in pieces that are not those of the network. */
  readonly secure: boolean
  /** Whether the peer can tell an abort from an end. */
  readonly resets: boolean
  /** Binds another place for each subscription. */
  readonly listen: (options?: ConnectionOptions & { readonly backlog?: number }) => ConnectionStream
  readonly connect: (to: Endpoint, options?: ConnectionOptions) => ConnectionStream
}

const host = '127.0.0.1'

export const overTcp: Pairing = {
  name: 'TCP',
  secure: false,
  resets: true,
  listen: options => tcp.listen({ host, port: 0, ...options }),
  connect: ({ port = 0 }, options) => tcp.connect({ host, port, ...options }),
}

export const overUnix: Pairing = {
  name: 'a Unix socket',
  secure: false,
  resets: false,
  listen: options => defer(() => tcp.listen({ path: freshPath(), ...options })),
  connect: ({ address }, options) => tcp.connect({ path: address, ...options }),
}

export const overTls: Pairing = {
  name: 'TLS',
  secure: true,
  resets: false,
  listen: options => tls.listen({ host, port: 0, ...server, ...options }),
  connect: ({ port = 0 }, options) => tls.connect({ host, port, ca, ...options }),
}

export const overTlsOnUnix: Pairing = {
  name: 'TLS on a Unix socket',
  secure: true,
  resets: false,
  listen: options => defer(() => tls.listen({ path: freshPath(), ...server, ...options })),
  connect: ({ address }, options) => tls.connect({ path: address, ca, servername: 'localhost', ...options }),
}

/** The last version whose handshake is another. */
export const overTls12: Pairing = {
  name: 'TLS 1.2',
  secure: true,
  resets: false,
  listen: options => tls.listen({ host, port: 0, maxVersion: 'TLSv1.2', ...server, ...options }),
  connect: ({ port = 0 }, options) => tls.connect({ host, port, ca, ...options }),
}

export const overStartedTls: Pairing = {
  name: 'TCP that was put on TLS',
  secure: true,
  resets: false,
  listen: options =>
    overTcp.listen(options).pipe(startedTls(connection => upgrade(connection, { role: 'server', ...server }))),
  connect: (to, options) =>
    overTcp.connect(to, options).pipe(startedTls(connection => upgrade(connection, { role: 'client', ca }))),
}

export const pairings: readonly Pairing[] = [overTcp, overUnix, overTls, overTlsOnUnix]

export interface Pair {
  readonly server: Watch
  readonly client: Watch
  readonly listener: Listener
  /** The server's end of the connection. */
  readonly there: Connection
  /** The client's end of it. */
  readonly here: Connection
}

/** Starts a server and waits until it is bound. */
export async function listening(
  stream: ConnectionStream,
  react?: (event: ConnectionEvent) => void,
): Promise<{ server: Watch; listener: Listener }> {
  const server = new Watch(stream, react)
  const { listener } = await server.next('listening')
  return { server, listener }
}

/** A server with one client, both open. */
export async function pair(
  { listen, connect }: Pairing,
  {
    there: thereOptions,
    here: hereOptions,
  }: { readonly there?: ConnectionOptions; readonly here?: ConnectionOptions } = {},
): Promise<Pair> {
  const { server, listener } = await listening(listen(thereOptions))
  const client = new Watch(connect(listener.endpoint, hereOptions))
  const [{ connection: there }, { connection: here }] = await Promise.all([server.next('open'), client.next('open')])
  return { server, client, listener, there, here }
}
