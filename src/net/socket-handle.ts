import type { Duplex } from 'node:stream'

/** What a socket's handle knows and can do. Node documents none of it, so that any of it may be missing: whoever asks has to do without. */
export interface SocketHandle {
  readonly fd?: number
  /** Bytes of the last write that the system has not taken yet. */
  readonly writeQueueSize?: number
  readonly getpeername?: (answer: { address?: string; port?: number }) => number
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}

export function handleOf(socket: Duplex): SocketHandle | undefined {
  return (socket as { readonly _handle?: SocketHandle | null })._handle ?? undefined
}
