import type { PlatformSocket, PlatformWebSocket } from '#src/websocket/browser/platform-socket.js'

/** A platform's WebSocket that the test plays the platform of: it keeps what it was asked. */
export class FakeSocket implements PlatformSocket {
  binaryType = 'blob'
  bufferedAmount = 0
  protocol = ''
  onopen: unknown = null
  onmessage: unknown = null
  onclose: unknown = null
  onerror: unknown = null
  readonly url: string
  readonly protocols: string[] | undefined
  readonly asked: string[] = []

  constructor(url: string, protocols?: string[]) {
    this.url = url
    this.protocols = protocols
  }

  send(message: string | Uint8Array): void {
    this.asked.push(`send ${typeof message === 'string' ? message : `${message.length} bytes`}`)
    this.bufferedAmount += Buffer.byteLength(message)
  }

  close(code?: number, reason?: string): void {
    this.asked.push(['close', code, reason].filter(word => word !== undefined && word !== '').join(' '))
  }

  // ── what the platform does ──

  open(protocol = ''): void {
    this.protocol = protocol
    this.#call(this.onopen, {})
  }

  receive(...messages: readonly unknown[]): void {
    for (const data of messages) this.#call(this.onmessage, { data })
  }

  error(): void {
    this.#call(this.onerror, {})
  }

  closed(code: number, reason = ''): void {
    this.#call(this.onclose, { code, reason })
  }

  #call(handler: unknown, event: object): void {
    if (typeof handler === 'function') (handler as (event: object) => void)(event)
  }
}

/** A constructor of such, and those that it has made. */
export function fakePlatform(): { readonly WebSocket: PlatformWebSocket; readonly sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = []
  class WebSocket extends FakeSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols)
      sockets.push(this)
    }
  }
  return { WebSocket, sockets }
}
