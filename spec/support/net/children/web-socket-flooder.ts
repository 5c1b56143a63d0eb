// Sends messages for as long as it lives, and says of how many bytes; reads nothing.

import { WebSocket } from 'ws'

const size = Number(process.argv[3] ?? 16_384)
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2] ?? ''}/`, { perMessageDeflate: false })
const message = Buffer.alloc(size, 'flood ')
const flood = (): void => {
  while (socket.bufferedAmount < 1_000_000) socket.send(message)
  setTimeout(flood, 1)
}
socket.on('open', flood)
socket.on('close', () => process.exit())
