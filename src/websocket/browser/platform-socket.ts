/** What the platform sends: no memory that is shared with others. */
export type Sendable = string | Uint8Array<ArrayBuffer>

/** As much of the platform's WebSocket as is used. What handlers get differs in type from platform to platform. */
export interface PlatformSocket {
  binaryType: string
  readonly bufferedAmount: number
  readonly protocol: string
  onopen: unknown
  onmessage: unknown
  onclose: unknown
  onerror: unknown
  send(message: Sendable): void
  close(code?: number, reason?: string): void
}

/** The platform's WebSocket, or one that is like it. */
export type PlatformWebSocket = new (url: string, protocols?: string[]) => PlatformSocket
