// Echo servers for frames of four bytes of length and a payload. Each answers its port.

import { createServer } from 'node:net'
import { map } from 'rxjs'
import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { ignore, listening } from '../net/echo-servers.js'

const HEADER = 4
const SLAB = 64 * 1024

export function sluice(): Promise<number> {
  return new Promise(resolve => {
    tcp
      .listen({ port: 0, host: '127.0.0.1' })
      .pipe(
        framed(lengthField()),
        map(event => {
          if (event.type !== 'packet') return event
          const { type, connection, packet } = event
          return { type, connection, packet: answer(packet) }
        }),
      )
      .subscribe(event => {
        if (event.type === 'packet') event.connection.send(event.packet)
        else if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      })
  })
}

/** What a first version looks like: each answer is written as soon as it is there. */
export function writePerFrame(): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      const decoder = new HandWrittenDecoder(packet => {
        const reply = answer(packet)
        const frame = Buffer.allocUnsafe(HEADER + reply.length)
        frame.writeUInt32BE(reply.length)
        frame.set(reply, HEADER)
        socket.write(frame)
      })
      socket.on('data', chunk => {
        decoder.decode(chunk)
      })
      socket.on('error', ignore)
    }),
  )
}

/** What a patient person writes: the answers to one chunk are copied side by side and written at once. */
export function gathered(): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      let slab = Buffer.allocUnsafeSlow(SLAB)
      let used = 0
      const flush = () => {
        if (used === 0) return
        socket.write(slab.subarray(0, used))
        if (socket.writableLength > 0) slab = Buffer.allocUnsafeSlow(SLAB)
        used = 0
      }
      const decoder = new HandWrittenDecoder(packet => {
        const reply = answer(packet)
        if (used + HEADER + reply.length > SLAB) flush()
        slab.writeUInt32BE(reply.length, used)
        slab.set(reply, used + HEADER)
        used += HEADER + reply.length
      })
      socket.on('data', chunk => {
        decoder.decode(chunk)
        flush()
      })
      socket.on('error', ignore)
    }),
  )
}

class HandWrittenDecoder {
  readonly #emit: (packet: Buffer) => void
  #rest: Buffer | undefined

  constructor(emit: (packet: Buffer) => void) {
    this.#emit = emit
  }

  decode(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= HEADER) {
      const end = at + HEADER + bytes.readUInt32BE(at)
      if (end > bytes.length) break
      this.#emit(bytes.subarray(at + HEADER, end))
      at = end
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined
  }
}

/** What a server would do with a packet; here nothing, so that all is said about what is around it. */
function answer<Packet extends Uint8Array>(packet: Packet): Packet {
  return packet
}
