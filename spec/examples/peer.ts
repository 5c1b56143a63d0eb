import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { later } from '../support/net/closing.js'

/** The bare end of a connection, as any program might be at the other end of an example. */
export class Peer {
  readonly socket: Socket
  received = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8').on('error', () => undefined)
    socket.on('data', (text: string) => {
      this.received += text
    })
    later(() => socket.destroy())
  }

  sends(text: string): void {
    this.socket.write(text)
  }

  /** Waits until all that was received is so. */
  async receives(text: string): Promise<void> {
    while (this.received !== text) {
      if (this.socket.closed || !text.startsWith(this.received))
        throw new Error(`received ${JSON.stringify(this.received)}`)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
  }

  async closes(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}

export async function dialled(port: number): Promise<Peer> {
  const socket = connect({ port, host: 'localhost' })
  await once(socket, 'connect')
  return new Peer(socket)
}

/** A port of this machine, and who comes there, one after the other. */
export async function bound(): Promise<{ readonly port: number; readonly next: () => Promise<Peer> }> {
  const server = createServer()
  const waiting: Peer[] = []
  server.on('connection', socket => waiting.push(new Peer(socket)))
  server.listen({ port: 0, host: '127.0.0.1' })
  later(() => server.close())
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async next() {
      for (;;) {
        const peer = waiting.shift()
        if (peer !== undefined) return peer
        await once(server, 'connection')
      }
    },
  }
}

/** A port where nobody listens, and where nobody did a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
