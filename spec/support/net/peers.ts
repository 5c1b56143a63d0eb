import { once } from 'node:events'
import { connect, createServer, type ServerOpts, type Socket, type TcpSocketConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { later } from './closing.js'

/** A server of Node's own, on a free port of this machine, which leaves its sockets to the spec. */
export class RawServer {
  readonly sockets: Socket[] = []
  readonly #server
  #waiting: (() => void)[] = []

  constructor(accepted: (socket: Socket) => void, options: ServerOpts) {
    this.#server = createServer({ allowHalfOpen: true, ...options }, socket => {
      this.sockets.push(socket)
      socket.on('error', () => undefined)
      accepted(socket)
      for (const go of this.#waiting.splice(0)) go()
    })
    later(() => {
      this.#server.close()
      for (const socket of this.sockets) socket.destroy()
    })
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port
  }

  async listen(backlog?: number): Promise<this> {
    this.#server.listen({ port: 0, host: '127.0.0.1', ...(backlog !== undefined && { backlog }) })
    await once(this.#server, 'listening')
    return this
  }

  /** Waits for the nth socket. */
  async socket(nth = 1): Promise<Socket> {
    while (this.sockets.length < nth) await new Promise<void>(resolve => this.#waiting.push(resolve))
    return this.sockets[nth - 1] as Socket
  }
}

export function rawServer(
  accepted: (socket: Socket) => void = () => undefined,
  options: ServerOpts = {},
): Promise<RawServer> {
  return new RawServer(accepted, options).listen()
}

/** A client of Node's own. It reads nothing until it is told to. */
export async function rawClient(
  to: { readonly port: number } | { readonly path: string },
  options: Partial<TcpSocketConnectOpts> = {},
): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', allowHalfOpen: true, ...options, ...to })
  socket.on('error', () => undefined)
  later(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Waits until a socket has closed, and answers the code of the error with which it did. */
export async function gone(socket: Duplex): Promise<string | undefined> {
  if (!socket.closed) await new Promise<void>(resolve => socket.once('close', resolve))
  const { errored }: { readonly errored: NodeJS.ErrnoException | null } = socket
  return errored?.code
}

/** Everything that a duplex delivers until its end. */
export async function drained(socket: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Reads a number of bytes, and leaves the rest unread. */
export async function take(socket: Duplex, count: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(count) as Buffer | null
    if (chunk !== null) return chunk
    if (socket.readableEnded || socket.destroyed) throw new Error(`ended before ${count} bytes`)
    await new Promise<void>(resolve => {
      const go = (): void => {
        socket.off('readable', go).off('end', go).off('close', go)
        resolve()
      }
      socket.on('readable', go).on('end', go).on('close', go)
    })
  }
}
