/**
 * Speaks the binary protocol of memcached: a packet has its length in its header, and there too a number by which an answer finds its request.
 *
 * `node build/examples/memcached.js 11211 'set greeting hello' 'get greeting' 'get nothing' stat`
 */
import { catchError, from, map, mergeMap, of } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { byId, requests } from 'sluice/request'

const HEADER = 24
const opcodes: Readonly<Record<string, number>> = { get: 0x00, set: 0x01, delete: 0x04, stat: 0x10 }

function request(command: string): Buffer {
  const [name = '', key = '', ...words] = command.split(' ')
  const extras = name === 'set' ? 8 : 0 // Flags, and when it expires.
  const header = Buffer.alloc(HEADER + extras)
  header[0] = 0x80
  header[1] = opcodes[name] ?? 0xff
  header.writeUInt16BE(Buffer.byteLength(key), 2)
  header[4] = extras
  return Buffer.concat([header, Buffer.from(key), Buffer.from(words.join(' '))])
}

function textOf(answer: Buffer): string {
  const valueAt = HEADER + (answer[4] ?? 0) + answer.readUInt16BE(2)
  return [answer.subarray(HEADER + (answer[4] ?? 0), valueAt), answer.subarray(valueAt)]
    .filter(({ length }) => length > 0)
    .join(' = ')
}

/** The same bytes, with Node's methods to read them. */
function buffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

const numbered = byId<Uint8Array>({
  put(packet, id) {
    buffer(packet).writeUInt32BE(id, 12)
    return packet
  },
  get: packet => buffer(packet).readUInt32BE(12),
  last: packet => packet[1] !== opcodes['stat'] || buffer(packet).readUInt16BE(2) === 0,
  failed: packet => (buffer(packet).readUInt16BE(6) === 0 ? undefined : new Error(textOf(buffer(packet)))),
})

const [port = '11211', ...commands] = process.argv.slice(2)
const packets = lengthField({ lengthFieldOffset: 8, lengthAdjustment: 12, stripBytes: 0 })
const connection = tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(framed(packets), reconnect(exponential()))
const memcached = requests(connection, numbered)

from(commands)
  .pipe(
    mergeMap(command =>
      memcached.ask(request(command)).pipe(
        map(answer => textOf(buffer(answer))),
        catchError((error: unknown) => of((error as Error).message)),
        map(text => `${command}: ${text}`),
      ),
    ),
  )
  .subscribe(line => console.log(line))
