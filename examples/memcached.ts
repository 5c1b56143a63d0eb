/**
 * Speaks the binary protocol of memcached: a packet has its length in its header, and there too a number by which an answer finds its request.
 *
 * `node build/examples/memcached.js 11211 'set greeting hello' 'get greeting' 'get nothing' stat`
 */
import { exponential, reconnect } from 'sluice'
import { framed, lengthField, mapCodec } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { byId, requests } from 'sluice/request'

const HEADER = 24
const opcodes: Readonly<Record<string, number>> = { get: 0x00, set: 0x01, delete: 0x04, stat: 0x10 }

type Request = readonly [command: string, id?: number]
type Answer = ReturnType<typeof answer>

function request([command, id = 0]: Request): Uint8Array {
  const [name = '', key = '', ...words] = command.split(' ')
  const extras = name === 'set' ? 8 : 0 // Flags, and when it expires.
  const header = Buffer.alloc(HEADER + extras)
  header[0] = 0x80
  header[1] = opcodes[name] ?? 0xff
  header.writeUInt16BE(Buffer.byteLength(key), 2)
  header[4] = extras
  header.writeUInt32BE(id, 12)
  return Buffer.concat([header, Buffer.from(key), Buffer.from(words.join(' '))])
}

function answer({ buffer, byteOffset, length }: Uint8Array) {
  const packet = Buffer.from(buffer, byteOffset, length)
  const keyAt = HEADER + packet.readUInt8(4)
  const valueAt = keyAt + packet.readUInt16BE(2)
  const text = [packet.toString('utf8', keyAt, valueAt), packet.toString('utf8', valueAt)].filter(Boolean).join(' = ')
  return { opcode: packet[1], failed: packet.readUInt16BE(6) > 0, id: packet.readUInt32BE(12), text }
}

const packets = lengthField({ lengthFieldOffset: 8, lengthAdjustment: 12, stripBytes: 0 })
const numbered = byId<Answer, Request>({
  put: ([command], id) => [command, id],
  get: ({ id }) => id,
  last: ({ opcode, text }) => opcode !== opcodes['stat'] || text === '',
  failed: ({ failed, text }) => (failed ? new Error(text) : undefined),
})

const [port = '11211', ...commands] = process.argv.slice(2)
const connection = tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(framed(mapCodec(packets, answer, request)), reconnect(exponential()))
const memcached = requests(connection, numbered)

for (const command of commands) {
  memcached.ask([command]).subscribe({
    next: ({ text }) => console.log(`${command}: ${text}`),
    error: (error: unknown) => console.log(`${command}: ${(error as Error).message}`),
  })
}
