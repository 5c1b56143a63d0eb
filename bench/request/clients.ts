// Clients that keep requests in flight over several connections. A request is a frame of four bytes of length and 64
// bytes, of which four are its id; a server that sends back what it receives has answered it.

import { connect, type Socket } from 'node:net'
import { filter, firstValueFrom } from 'rxjs'
import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { byId, requests } from 'sluice/request'

const CONNECTIONS = 8
const SIZE = 64
const HEADER = 4
const SLAB = 64 * 1024

/** Asks once, and calls back with the answer. */
type Ask = (answered: () => void) => void

let ask: Ask = () => undefined

/** Keeps so many requests in flight for so long, and answers how many were answered per second. */
export function run(ms: number, inFlight: number): Promise<number> {
  return new Promise(resolve => {
    let answers = 0
    let outstanding = inFlight
    let over = false
    const start = performance.now()
    setTimeout(() => {
      over = true
    }, ms)
    const answered = (): void => {
      answers += 1
      if (!over) ask(answered)
      else if ((outstanding -= 1) === 0) resolve((answers / (performance.now() - start)) * 1000)
    }
    for (let index = 0; index < inFlight; index += 1) ask(answered)
  })
}

/** A subscription for each request. */
export async function observable(port: number): Promise<void> {
  const requester = await connected(port)
  const packet = new Uint8Array(SIZE)
  ask = answered => {
    requester.ask(packet).subscribe(answered)
  }
}

/** A promise for each request. */
export async function promise(port: number): Promise<void> {
  const requester = await connected(port)
  const packet = new Uint8Array(SIZE)
  ask = answered => {
    void requester.promise(packet).then(answered)
  }
}

async function connected(port: number) {
  const clients = pool(tcp.connect({ port, host: '127.0.0.1' }).pipe(framed(lengthField())), { size: CONNECTIONS })
  const numbered = byId<Uint8Array>({
    put(packet, id) {
      packet[0] = id >>> 24
      packet[1] = id >>> 16
      packet[2] = id >>> 8
      packet[3] = id
      return packet
    },
    get: idOf,
  })
  const requester = requests(clients, numbered)
  const opened = firstValueFrom(requester.pipe(filter(() => clients.connections.length === CONNECTIONS)))
  requester.subscribe()
  await opened
  return requester
}

/** What a patient person writes: a map from ids to callbacks, one write for all that is asked in a turn, and turns. */
export async function byTurns(port: number): Promise<void> {
  const clients = await dialled(port)
  const packet = new Uint8Array(SIZE)
  let turn = 0
  ask = answered => {
    turn = (turn + 1) % CONNECTIONS
    clients[turn]?.ask(packet, answered)
  }
}

/** The same, asking where the fewest are in flight: so what is asked upon the answers to one read shares one write. */
export async function leastBusy(port: number): Promise<void> {
  const clients = await dialled(port)
  const packet = new Uint8Array(SIZE)
  ask = answered => {
    let [best] = clients
    for (const client of clients) if (best === undefined || client.inFlight < best.inFlight) best = client
    best?.ask(packet, answered)
  }
}

function dialled(port: number): Promise<readonly Client[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => dial(port)))
}

function dial(port: number): Promise<Client> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      resolve(new Client(socket))
    })
  })
}

class Client {
  readonly #socket: Socket
  readonly #callbacks = new Map<number, () => void>()
  #slab = Buffer.allocUnsafeSlow(SLAB)
  #used = 0
  #id = 0
  #rest: Buffer | undefined
  #reading = false
  #scheduled = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#reading = true
      this.#read(chunk)
      this.#reading = false
      this.#flush()
    })
  }

  get inFlight(): number {
    return this.#callbacks.size
  }

  ask(packet: Uint8Array, answered: () => void): void {
    const id = (this.#id = (this.#id + 1) >>> 0)
    this.#callbacks.set(id, answered)
    if (this.#used + HEADER + packet.length > SLAB) this.#flush()
    this.#slab.writeUInt32BE(packet.length, this.#used)
    this.#slab.set(packet, this.#used + HEADER)
    this.#slab.writeUInt32BE(id, this.#used + HEADER)
    this.#used += HEADER + packet.length
    if (this.#reading || this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= HEADER) {
      const end = at + HEADER + bytes.readUInt32BE(at)
      if (end > bytes.length) break
      const answer = bytes.subarray(at + HEADER, end)
      const id = idOf(answer)
      const answered = this.#callbacks.get(id)
      this.#callbacks.delete(id)
      answered?.()
      at = end
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined
  }

  #flush(): void {
    if (this.#used === 0) return
    this.#socket.write(this.#slab.subarray(0, this.#used))
    if (this.#socket.writableLength > 0) this.#slab = Buffer.allocUnsafeSlow(SLAB)
    this.#used = 0
  }
}

function idOf(packet: Uint8Array): number {
  return (((packet[0] ?? 0) << 24) | ((packet[1] ?? 0) << 16) | ((packet[2] ?? 0) << 8) | (packet[3] ?? 0)) >>> 0
}
