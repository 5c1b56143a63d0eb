import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { later } from '../net/closing.js'

/** What a client says to be a WebSocket. */
export const upgradeHeaders = {
  Host: 'localhost',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
} as const

type Said = Readonly<Record<string, string | readonly string[] | undefined>>

/** A request as it goes over the wire; a header that is `undefined` is left out, one that is a list is there several times. */
export function requestText(headers: Said, line = 'GET / HTTP/1.1'): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as string[]) : value === undefined ? [] : [value as string]).map(
      text => `${name}: ${text}`,
    ),
  )
  return [line, ...lines, '', ''].join('\r\n')
}

/** What is answered, as far as it has come. */
export class HttpPeer {
  readonly socket: Socket
  #text = ''
  #ended = false
  #told: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket
      .on('data', (chunk: Buffer) => {
        this.#text += chunk.toString('latin1')
        this.#told()
      })
      .on('error', () => undefined)
      .on('close', () => {
        this.#ended = true
        this.#told()
      })
  }

  get text(): string {
    return this.#text
  }

  get status(): number | undefined {
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(this.#text) ?? []
    return status === undefined ? undefined : Number(status)
  }

  get body(): string {
    return this.#text.split('\r\n\r\n').slice(1).join('\r\n\r\n')
  }

  header(name: string): string | undefined {
    const [head = ''] = this.#text.split('\r\n\r\n')
    return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim()
  }

  /** Until the whole of an answer's head is there. */
  async answered(): Promise<this> {
    while (!this.#text.includes('\r\n\r\n') && !this.#ended) await this.#news()
    return this
  }

  async closed(): Promise<this> {
    while (!this.#ended) await this.#news()
    return this
  }

  #news(): Promise<void> {
    return new Promise(resolve => {
      this.#told = resolve
    })
  }
}

/** A client that says something, word by word. */
export async function say(to: { readonly port: number } | { readonly path: string }, text: string): Promise<HttpPeer> {
  const socket = connect({ host: '127.0.0.1', ...to })
  later(() => socket.destroy())
  const peer = new HttpPeer(socket)
  await once(socket, 'connect')
  socket.write(text)
  return peer
}

/** A client that asks for an upgrade, with other headers than it should have. */
export function ask(port: number, headers: Said = {}, line?: string): Promise<HttpPeer> {
  return say({ port }, requestText({ ...upgradeHeaders, ...headers }, line))
}
