import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { handleOf } from './socket-handle.js'

/** Called as a method of the socket, with how many bytes have been read. */
export type OnRead = (this: Duplex, size: number) => boolean

/**
 * Where every socket's bytes arrive: they are copied out before anything else is read, so one is enough. Node's own way allocates as
 * much for each read, which is most of what reading costs.
 */
export const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * The properties in which a socket of Node keeps its `onread` option. An accepted socket is made without our being asked for options,
 * and there is no public way to give it one.
 */
const names = new Map(Object.getOwnPropertySymbols(new Socket()).map(symbol => [symbol.description, symbol]))
const kBuffer = names.get('kBuffer')
const kBufferCb = names.get('kBufferCb')

interface Hooked {
  [hook: symbol]: unknown
}

/**
 * Lets a socket that nobody reads from yet read into the shared memory, as if it had been made with `onread`; answers whether it can:
 * where Node has changed inside, what is read comes by `data` events as ever.
 */
export function shareReads(socket: Duplex, onRead: OnRead): boolean {
  const hooked = socket as unknown as Hooked
  const handle = handleOf(socket)
  if (kBuffer === undefined || kBufferCb === undefined || handle?.useUserBuffer === undefined) return false
  if (hooked[kBuffer] === readBuffer) return true
  hooked[kBuffer] = readBuffer
  hooked[kBufferCb] = onRead
  handle.useUserBuffer(readBuffer)
  return true
}
