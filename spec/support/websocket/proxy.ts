import { Agent, createServer, request, type AgentOptions, type ClientRequestArgs } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { later } from '../net/closing.js'

/** A proxy that tunnels to wherever it is asked to (RFC 9110 section 9.3.6), and notes where that was. */
export async function connectProxy(): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = []
  const sockets: Duplex[] = []
  const proxy = createServer().on('connect', ({ url = '' }, socket, head) => {
    asked.push(url)
    const { hostname, port } = new URL(`http://${url}`)
    const upstream = connectTcp({ host: hostname, port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      if (head.length > 0) upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    sockets.push(socket, upstream)
    for (const end of [socket, upstream]) end.on('error', () => socket.destroy())
  })
  proxy.listen({ port: 0, host: '127.0.0.1' })
  await once(proxy, 'listening')
  later(() => {
    proxy.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (proxy.address() as AddressInfo).port, asked }
}

/** An agent as the common ones are: it has its sockets from a proxy, some time later. */
export class ProxyAgent extends Agent {
  readonly #proxy: number
  readonly #secure: boolean

  constructor(proxy: number, secure: boolean, options?: AgentOptions) {
    super(options)
    this.#proxy = proxy
    this.#secure = secure
    Object.assign(this, { protocol: secure ? 'https:' : 'http:', defaultPort: secure ? 443 : 80 })
  }

  override createConnection(
    options: ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const path = `${options.host}:${options.port}`
    request({ host: '127.0.0.1', port: this.#proxy, method: 'CONNECT', path })
      .on('connect', (_, socket) => {
        const tunnel = this.#secure ? connectTls({ ...(options as object), socket, servername: 'localhost' }) : socket
        done?.(null, tunnel)
      })
      .on('error', error => done?.(error, undefined as never))
      .end()
    return undefined
  }
}
