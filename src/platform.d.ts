/**
 * What the platform-neutral folders use of Node >= 20, browsers, Deno and Bun alike, and nothing more: to use another global,
 * declare it here after a look at all of them. No timer is among these, since delays come from RxJS alone.
 */

declare const crypto: {
  /** Absent in browsers' pages without TLS. */
  readonly randomUUID?: () => string
  getRandomValues<T extends Uint8Array | Uint32Array>(array: T): T
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
  encodeInto(input: string, destination: Uint8Array): { read: number; written: number }
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string
}

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

declare class URL {
  constructor(url: string | URL)
  readonly hash: string
  readonly hostname: string
  readonly href: string
  readonly password: string
  readonly port: string
  protocol: string
  readonly username: string
}

/** Absent in Node before 22. */
// eslint-disable-next-line @typescript-eslint/consistent-type-imports -- An import would make a module of this, which declares nothing.
declare const WebSocket: import('./websocket/browser/platform-socket.js').PlatformWebSocket | undefined
