// Those to whom something is broadcast. They count what arrives, or note how long it was under way.

import { connect, type Socket } from 'node:net'

const FRAME = 68

const sockets: Socket[] = []
let latencies: number[] = []
let bytes = 0

/** Connects so many, of whom some never read. */
export async function take(port: number, count: number, stalled = 0): Promise<void> {
  for (let index = 0; index < count; index += 100)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, count - index) }, () => dial(port)))))
  for (const socket of sockets.slice(0, stalled)) socket.pause()
  for (const socket of sockets.slice(stalled)) socket.on('data', chunk => (bytes += chunk.length))
}

/** From now on they note how long each packet was under way. */
export function listen(stalled: number): void {
  for (const socket of sockets.slice(stalled)) note(socket)
}

export function heard(): number {
  return bytes
}

/** The milliseconds that 99 of 100 packets were under way at most, since this was last asked. */
export function slowest(): number {
  const sorted = latencies.sort((a, b) => a - b)
  latencies = []
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN
}

export function leave(): void {
  for (const socket of sockets.splice(0)) socket.destroy()
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      resolve(socket)
    }).on('error', reject)
  })
}

function note(socket: Socket): void {
  let rest = Buffer.alloc(0)
  socket.on('data', chunk => {
    const now = process.hrtime.bigint()
    rest = Buffer.concat([rest, chunk])
    let at = 0
    for (; rest.length - at >= FRAME; at += FRAME) latencies.push(Number(now - rest.readBigUInt64BE(at + 4)) / 1e6)
    rest = rest.subarray(at)
  })
}
