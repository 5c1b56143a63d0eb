import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { rawClient, rawServer } from '../net/peers.js'
import { bytesOf, framesOf, shownFrame, type RawFrame, type ReadFrame } from './raw-frame.js'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** What a raw peer says in its handshake, beside what it has to. */
export interface RawHandshake {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What comes right behind the handshake, in the same segment. */
  readonly first?: readonly RawFrame[]
}

/** One end of a WebSocket over TCP, played frame by frame, or byte by byte. */
export class RawSocket {
  readonly socket: Socket
  /** What the other end has said in its handshake. */
  readonly head: string
  readonly #masks: boolean
  #heard: Buffer
  #waiting: (() => void)[] = []
  /** Whether nothing more will be heard. */
  isOver = false

  constructor(socket: Socket, masks: boolean, head: string, heard: Buffer) {
    this.socket = socket
    this.head = head
    this.#masks = masks
    this.#heard = heard
    socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk])
      this.#look()
    })
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.isOver = true
        this.#look()
      })
    socket.resume()
  }

  /** The frames heard until now. */
  get frames(): readonly ReadFrame[] {
    return framesOf(this.#heard).frames
  }

  /** The same, in a few words each. */
  get heard(): readonly string[] {
    return this.frames.map(shownFrame)
  }

  encoded(...parts: readonly (RawFrame | Uint8Array)[]): Buffer {
    return Buffer.concat(parts.map(part => (part instanceof Uint8Array ? part : bytesOf(part, this.#masks))))
  }

  sends(...parts: readonly (RawFrame | Uint8Array)[]): this {
    this.socket.write(this.encoded(...parts))
    return this
  }

  /** Waits for the nth frame. */
  async hears(nth: number): Promise<string> {
    await this.until(() => this.frames.length >= nth)
    return this.heard[nth - 1] ?? ''
  }

  /** Waits until the other end has finished. */
  async over(): Promise<readonly string[]> {
    await this.until(() => this.isOver)
    return this.heard
  }

  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve()
    if (this.isOver) return Promise.reject(new Error(`over, after ${this.heard.join(', ')}`))
    return new Promise(resolve => {
      this.#waiting.push(() => {
        resolve(this.until(met))
      })
    })
  }

  #look(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}

/** Dials a server of ours, and shakes hands. */
export async function rawSocketClient(port: number, handshake: RawHandshake = {}): Promise<RawSocket> {
  const { path = '/', headers = {}, first = [] } = handshake
  const socket = await rawClient({ port })
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  socket.write(Buffer.concat([head, ...first.map(frame => bytesOf(frame, true))]))
  const [answer, rest] = await headOf(socket)
  return new RawSocket(socket, true, answer, rest)
}

/** A server by hand; it answers each client by itself. */
export async function rawSocketServer(handshake: RawHandshake = {}) {
  const { headers = {}, first = [] } = handshake
  const server = await rawServer()
  return {
    url: `ws://127.0.0.1:${server.port}/`,
    /** Waits for the nth client, and shakes hands. */
    async accept(nth = 1): Promise<RawSocket> {
      const socket = await server.socket(nth)
      const [request, rest] = await headOf(socket)
      const key = /^sec-websocket-key: *(.*)$/im.exec(request)?.[1]?.trim() ?? ''
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const lines = Object.entries({
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Accept': accept,
        ...headers,
      }).map(([name, value]) => `${name}: ${value}\r\n`)
      const head = Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`)
      socket.write(Buffer.concat([head, ...first.map(frame => bytesOf(frame, false))]))
      return new RawSocket(socket, false, request, rest)
    },
  }
}

/** The head of a handshake, and what has come behind it. */
async function headOf(socket: Socket): Promise<[head: string, rest: Buffer]> {
  let read = Buffer.alloc(0)
  for (;;) {
    const end = read.indexOf('\r\n\r\n')
    if (end >= 0) {
      socket.pause()
      return [read.toString('latin1', 0, end), read.subarray(end + 4)]
    }
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    read = Buffer.concat([read, chunk])
  }
}
