import type { Subscription } from 'rxjs'
import type { Endpoint } from '../connection/connection.js'
import { notBytes } from '../connection/encoded.js'
import type { Line, Wire } from '../connection/wire.js'
import { joined } from '../connection/joined.js'
import type { Path, Receiver } from './path.js'
import { systemError } from './system-error.js'

/** What waits to be told: the network's answer to a dial, bytes, the peer's FIN. */
type Arrival = 'answer' | Uint8Array | 'fin'

/** One end of a connection in memory: what a system's socket is over a network. */
export class MemoryWire implements Wire, Receiver {
  readonly local: Endpoint
  readonly remote: Endpoint
  peer: MemoryWire | undefined
  /** Until when an answer is awaited. */
  deadline: Subscription | undefined

  readonly #path: Path
  readonly #random: () => number
  readonly #onGone: (wire: MemoryWire) => void
  #line: Line | undefined
  #answered = false
  #gone = false
  #silent = false

  readonly #waiting: Uint8Array[] = []
  /** How many bytes the network still takes. */
  #room: number
  #writing = false
  #ending = false
  #ended = false

  readonly #inbox: Arrival[] = []
  /** What we are told by is there. */
  #attached = false
  #reading = false
  #telling = false
  #peerEnded = false

  constructor(local: Endpoint, remote: Endpoint, path: Path, random: () => number, onGone: (wire: MemoryWire) => void) {
    this.local = local
    this.remote = remote
    this.#path = path
    this.#random = random
    this.#onGone = onGone
    this.#room = path.settings.window
  }

  get gone(): boolean {
    return this.#gone
  }

  /** Whether a dial has had no answer yet. */
  get awaiting(): boolean {
    return !this.#gone && !this.#answered
  }

  tell(line: Line): this {
    this.#line = line
    return this
  }

  // ── what the engine asks ──

  size(packet: unknown): number {
    if (packet instanceof Uint8Array) return packet.length
    throw notBytes(packet)
  }

  write(packet: Uint8Array): void {
    if (packet.length > 0) this.#waiting.push(packet)
    this.#write()
  }

  end(): void {
    this.#ending = true
    this.#write()
  }

  pause(): void {
    this.#attached = true
    this.#reading = false
    this.read()
  }

  resume(): void {
    this.#attached = true
    this.#reading = true
    this.read()
  }

  destroy(): void {
    if (this.#gone) return
    this.#sendReset()
    this.#vanish()
  }

  // ── what the network does ──

  answered(): void {
    if (this.#gone) return
    this.#answered = true
    this.deadline?.unsubscribe()
    this.#arrived('answer')
  }

  /** A RST: at once, whatever waits to be read. */
  reset(): void {
    this.read()
    this.vanish(systemError('ECONNRESET', 'read', this.remote))
  }

  /** Nothing is left of this end, and its peer is not told. */
  vanish(error: Error): void {
    if (!this.#gone) this.#vanish(error)
  }

  /** The host goes down. */
  fail(error: Error, silent: boolean): void {
    if (!silent) this.#sendReset()
    this.vanish(error)
  }

  read(): void {
    if (this.#telling || !this.#attached) return
    this.#telling = true
    while (this.#tellNext());
    this.#telling = false
  }

  // ── writing ──

  #write(): void {
    if (this.#writing) return
    this.#writing = true
    while (this.#room > 0 && this.#waiting.length > 0) this.#writePiece()
    this.#writing = false
    if (this.#gone) return
    if (this.#waiting.length > 0) this.#line?.blocked()
    else if (this.#ending && !this.#ended) this.#writeFin()
  }

  #writePiece(): void {
    const { bandwidth, reset, silence } = this.#path.settings
    const piece = this.#take(Math.min(this.#room, Math.max(1, Math.floor(bandwidth))))
    this.#room -= piece.length
    this.#line?.written(piece.length)
    if (this.#happens(reset)) {
      this.#resetBoth()
      return
    }
    if (this.#happens(silence)) this.#silenceBoth()
    this.#transmit(piece.length, peer => {
      peer.#arrived(piece)
    })
  }

  /** Takes bytes off what waits, copied, as a system does: whoever reads them may write into them. */
  #take(most: number): Uint8Array {
    const [first = new Uint8Array()] = this.#waiting
    if (first.length <= most) this.#waiting.shift()
    else this.#waiting[0] = first.subarray(most)
    return new Uint8Array(first.subarray(0, most))
  }

  #writeFin(): void {
    this.#ended = true
    this.#transmit(0, peer => {
      peer.#arrived('fin')
    })
    this.#closeWhenBothEnded()
  }

  #transmit(size: number, arrive: (peer: MemoryWire) => void): void {
    const { peer } = this
    if (peer === undefined || this.#gone || this.#silent) return
    this.#path.carry(size, peer, () => {
      if (!peer.#gone) arrive(peer)
    })
  }

  // ── reading ──

  #arrived(arrival: Arrival): void {
    this.#inbox.push(arrival)
  }

  #tellNext(): boolean {
    const [next] = this.#inbox
    if (next === undefined || this.#gone || (!this.#reading && next !== 'answer')) return false
    if (next === 'answer') {
      this.#inbox.shift()
      this.#line?.opened()
    } else if (next === 'fin') {
      this.#inbox.shift()
      this.#peerEnded = true
      this.#line?.ended()
      this.#closeWhenBothEnded()
    } else this.#tellPacket()
    return true
  }

  #tellPacket(): void {
    const packet = this.#nextPacket()
    this.#line?.received(packet, packet.length)
    this.#transmit(0, peer => {
      peer.#room += packet.length
      peer.#write()
    })
  }

  #nextPacket(): Uint8Array {
    const size = this.#chunkSize()
    const parts: Uint8Array[] = []
    let wanted = size ?? 1
    for (let [next] = this.#inbox; next instanceof Uint8Array && wanted > 0; [next] = this.#inbox) {
      this.#inbox.shift()
      const part = size === undefined ? next : next.subarray(0, wanted)
      if (part.length < next.length) this.#inbox.unshift(next.subarray(part.length))
      wanted -= part.length
      parts.push(part)
    }
    return joined(parts)
  }

  #chunkSize(): number | undefined {
    const { chunk } = this.#path.settings
    if (typeof chunk !== 'object') return chunk
    const [least, most] = chunk
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  // ── ending ──

  #happens(chance: number): boolean {
    return chance > 0 && this.#random() < chance
  }

  #sendReset(): void {
    this.#transmit(0, peer => {
      peer.reset()
    })
  }

  #resetBoth(): void {
    this.peer?.reset()
    this.reset()
  }

  #silenceBoth(): void {
    this.#silent = true
    if (this.peer !== undefined) this.peer.#silent = true
  }

  #closeWhenBothEnded(): void {
    if (this.#ended && this.#peerEnded && !this.#gone) this.#vanish()
  }

  #vanish(error?: Error): void {
    this.#gone = true
    this.deadline?.unsubscribe()
    this.#waiting.length = 0
    this.#inbox.length = 0
    this.#onGone(this)
    this.#line?.closed(error)
  }
}
