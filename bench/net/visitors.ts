// Those on the other side: one that holds many connections, and one that comes and goes.

import { connect, type Socket } from 'node:net'
import type { Run } from '../support/load.js'

const held: Socket[] = []

/** Opens so many connections and keeps them; each says a preamble first, if there is one, and waits until it is answered. */
export async function hold(port: number, count: number, preamble?: Uint8Array): Promise<void> {
  // A hundred at a time: more would not fit into the queue of a server that is not ready for them.
  while (count > 0) {
    const some = Math.min(100, count)
    held.push(...(await Promise.all(Array.from({ length: some }, () => opened(port, preamble)))))
    count -= some
  }
}

/** Sends a few bytes on each connection held, and waits for their echo. */
export async function useAll(): Promise<void> {
  const bytes = Buffer.alloc(16, 'x')
  for (let first = 0; first < held.length; first += 100) {
    await Promise.all(held.slice(first, first + 100).map(socket => exchange(socket, bytes)))
  }
}

export function letGo(): void {
  // A reset leaves no trace in the system, so that the ports are free for the next round.
  for (const socket of held.splice(0)) socket.resetAndDestroy()
}

/** Connects, sends 16 bytes, waits for their echo, closes, and again: `parallel` at once. */
export async function visit(port: number, parallel: number, ms: number): Promise<Run> {
  const bytes = Buffer.alloc(16, 'x')
  const start = performance.now()
  let visits = 0
  const visitor = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const socket = await opened(port)
      await exchange(socket, bytes)
      await new Promise(resolve => socket.once('close', resolve).resume().end())
      visits += 1
    }
  }
  await Promise.all(Array.from({ length: parallel }, visitor))
  const elapsed = performance.now() - start
  return { rate: (visits / elapsed) * 1000, answers: visits, elapsed }
}

function opened(port: number, preamble?: Uint8Array): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      if (preamble === undefined) resolve(socket)
      else {
        socket.write(preamble)
        socket.once('data', () => {
          resolve(socket)
        })
      }
    })
    socket.once('error', reject)
  })
}

function exchange(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    let missing = bytes.length
    const onData = (chunk: Buffer) => {
      missing -= chunk.length
      if (missing > 0) return
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    socket.write(bytes)
  })
}
