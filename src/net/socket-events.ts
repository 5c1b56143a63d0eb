import type { Duplex } from 'node:stream'
import { readBuffer, shareReads } from './shared-reads.js'

/** Who is told what happens on a socket. */
export interface SocketListener {
  /** So many bytes are in the shared memory; answers whether to read on. */
  onRead(size: number): boolean
  onData(chunk: Uint8Array): void
  onEnd(): void
  onError(error: Error): void
  onClose(): void
}

const listener = Symbol('sluice.listener')

interface Heard extends Duplex {
  [listener]?: SocketListener
}

/** Hears whether a socket lives. */
export function hearLife(socket: Heard, by: SocketListener): void {
  socket[listener] = by
  socket.on('error', onError).on('close', onClose)
}

/** Hears what a socket reads, which begins at once: in the shared memory where the socket can, unless it `keeps` what it is given. */
export function hearInput(socket: Heard, keeps: boolean): void {
  if (!keeps) shareReads(socket, onRead)
  socket.on('end', onEnd).on('data', onData).resume()
}

/** Reads no more, and leaves what is there to whoever comes next. */
export function leaveInput(socket: Heard): void {
  socket.off('data', onData).off('end', onEnd).pause()
}

/** Leaves the end of a socket to the one that is on top of it. */
export function leaveClose(socket: Heard): void {
  socket.off('close', onClose)
}

/** How a socket that we dial reads. */
export const onread = { buffer: readBuffer, callback: onRead }

// Shared by all sockets: closures would be most of what an idle connection costs.

function onRead(this: Heard, size: number): boolean {
  return this[listener]?.onRead(size) ?? true
}

function onData(this: Heard, chunk: Uint8Array): void {
  this[listener]?.onData(chunk)
}

function onEnd(this: Heard): void {
  this[listener]?.onEnd()
}

function onError(this: Heard, error: Error): void {
  this[listener]?.onError(error)
}

function onClose(this: Heard): void {
  this[listener]?.onClose()
}
