import type { EventEmitter } from 'node:events'
import * as ws from 'ws'
import { shownPacket } from './raw-peer.js'
import type { RawFrame } from './raw-frame.js'

/** What the package `ws` reads and writes frames with: an implementation that no one here wrote. */
interface Internals {
  readonly Receiver: new (options: object) => Reference
  readonly Sender: { frame(data: Buffer, options: object): readonly Uint8Array[] }
}

interface Reference extends EventEmitter {
  _write(chunk: Buffer, encoding: string, done: (error?: object) => void): void
}

const { Receiver, Sender } = ws as unknown as Internals

/** How `ws` understands bytes. */
export interface Understanding {
  /** Messages, pings and pongs, in a few words each. */
  readonly told: readonly string[]
  /** The code of a Close frame, or of the one that has to be said because of a fault. */
  readonly closed: number | undefined
  readonly fault: number | undefined
}

/** What `ws` understands of bytes that come in chunks, in the role of whom they are sent to. */
export function understood(role: 'client' | 'server', chunks: readonly Uint8Array[], maxPayload = 0): Understanding {
  const receiver = new Receiver({ isServer: role === 'server', maxPayload })
  const told: string[] = []
  let closed: number | undefined
  let fault: number | undefined
  receiver.on('message', (data: Buffer, isBinary: boolean) => told.push(shownPacket(isBinary ? data : data.toString())))
  receiver.on('ping', (data: Buffer) => told.push(shownPacket({ type: 'ping', data })))
  receiver.on('pong', (data: Buffer) => told.push(shownPacket({ type: 'pong', data })))
  receiver.on('conclude', (code: number) => (closed = code))
  for (const chunk of chunks) {
    if (closed !== undefined || fault !== undefined) break
    receiver._write(Buffer.from(chunk), 'buffer', error => {
      if (error !== undefined) fault = statusOf(error)
    })
  }
  return { told, closed, fault }
}

/** The code that `ws` would close with: it is in a symbol of its own. */
function statusOf(error: object): number {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code')
  return symbol === undefined ? 0 : ((error as Record<symbol, number>)[symbol] ?? 0)
}

/** A frame as `ws` writes it for a peer in that role. */
export function written(role: 'client' | 'server', { opcode, fin = true, payload = '' }: RawFrame): Buffer {
  const options = { opcode, fin, mask: role === 'server', readOnly: true, rsv1: false }
  return Buffer.concat(Sender.frame(Buffer.from(payload), options))
}
