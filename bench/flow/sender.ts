// A peer that sends as much and as fast as it is allowed to.

import { connect } from 'node:net'

/** What is sent: the same chunk again and again; before and behind it what begins and ends a conversation, if anything has to. */
export interface Speech {
  readonly preamble?: Uint8Array
  readonly chunk: Uint8Array
  readonly farewell?: Uint8Array
}

/** Sends so many bytes; answers how many the system had taken when all were, or when the time was over. */
export function send(port: number, bytes: number, ms: number, { preamble, chunk, farewell }: Speech): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' })
  return new Promise((resolve, reject) => {
    let left = bytes
    const stop = setTimeout(() => {
      resolve(socket.bytesWritten - socket.writableLength)
      socket.resetAndDestroy()
    }, ms)
    const push = () => {
      while (left > 0) {
        left -= chunk.length
        if (!socket.write(chunk)) return
      }
      if (farewell === undefined) socket.end()
      else socket.end(farewell)
    }
    socket.on('connect', () => {
      if (preamble === undefined) push()
      else socket.once('data', push).write(preamble)
    })
    socket.on('drain', push).on('error', reject)
    socket.resume().on('close', () => {
      clearTimeout(stop)
      resolve(bytes - left)
    })
  })
}
