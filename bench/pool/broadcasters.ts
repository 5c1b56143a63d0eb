// Servers that send the same packets to all who are connected. Each answers its port; `turns` makes it work.

import { createServer, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { group } from 'sluice/pool'
import { listening } from '../net/echo-servers.js'

/** A packet and its header of four bytes. */
const FRAME = 68
const PER_TURN = 16

/** How a server sends a packet to all, and how many bytes wait to be sent. */
interface Broadcaster {
  readonly send: (packet: Buffer) => void
  readonly waiting: () => number
}

let broadcaster: Broadcaster | undefined

export function sluice(): Promise<number> {
  return new Promise(resolve => {
    const room = group(tcp.listen({ port: 0, host: '127.0.0.1' }).pipe(framed(lengthField())))
    broadcaster = {
      send: packet => void room.broadcast(packet, { overflow: 'skip' }),
      waiting: () => room.connections.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0),
    }
    room.subscribe(event => {
      if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
    })
  })
}

export function bare(): Promise<number> {
  const sockets: Socket[] = []
  broadcaster = {
    send(packet) {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(packet.length)
      const frame = Buffer.concat([header, packet])
      for (const socket of sockets) socket.write(frame)
    },
    waiting: () => sockets.reduce((sum, { writableLength }) => sum + writableLength, 0),
  }
  return listening(
    createServer({ noDelay: true }, socket => {
      sockets.push(socket.on('error', () => undefined))
    }),
  )
}

/** Sends packets for so many milliseconds, sixteen a turn, as fast as they are taken; answers how many. */
export async function turns(ms: number): Promise<number> {
  const packet = Buffer.alloc(FRAME - 4, 'x')
  const end = performance.now() + ms
  let count = 0
  while (performance.now() < end) {
    for (let index = 0; index < PER_TURN; index += 1) broadcaster?.send(packet)
    count += PER_TURN
    do await turn()
    while ((broadcaster?.waiting() ?? 0) > 0)
  }
  return count
}

/** Sends packets for so many milliseconds, sixteen every other millisecond, each with the time at which it was sent. */
export async function ticks(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    for (let index = 0; index < PER_TURN; index += 1) {
      const packet = Buffer.alloc(FRAME - 4)
      packet.writeBigUInt64BE(process.hrtime.bigint())
      broadcaster?.send(packet)
    }
    await pause(2)
  }
}
