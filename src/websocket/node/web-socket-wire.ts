import type { Subscription } from 'rxjs'
import { after, now } from '../../connection/clock.js'
import type { Endpoint, TlsSession } from '../../connection/connection.js'
import type { Encoder } from '../../connection/encoded.js'
import { asError, SluiceError } from '../../connection/errors.js'
import type { Line, Wire } from '../../connection/wire.js'
import { NORMAL, UNSPOKEN, lastWord, type CloseStatus } from '../close-status.js'
import { isControl, type ControlMessage, type Message } from '../message.js'
import type { MessageWire } from '../message-wire.js'
import { Deflater } from './deflater.js'
import { CLOSE, FIN, PONG } from './frame.js'
import { FrameReader, type FrameListener } from './frame-reader.js'
import { FrameWriter, bytesOf, closePayload, opcodeOf, type Outgoing } from './frame-writer.js'
import { Inflater } from './inflater.js'
import { Outbox, type Sender } from './outbox.js'
import { textOf } from './utf8.js'
import type { WireSettings } from './wire-settings.js'

/** How long, in milliseconds, a peer has to end the connection beneath when all was said. */
const LINGER = 1_000

/** Frames for many: those of a server have no mask, so that they are the same for all. */
const wholeFrames: Encoder<Outgoing> = {
  encode(packet, write) {
    write(FrameWriter.whole(packet))
  },
}

/**
 * The protocol of RFC 6455 over a wire of bytes, once the handshake is done.
 *
 * A peer's Close frame is its `end`, and our `end` is ours. When both have been said, the server ends the connection beneath (section 7.1.1).
 */
export class WebSocketWire implements MessageWire<Outgoing>, Line, FrameListener, Sender {
  readonly #line: Line<Message | ControlMessage>
  readonly #settings: WireSettings
  readonly #below: Wire
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  status: CloseStatus | undefined = undefined
  #farewell: CloseStatus | undefined = undefined
  #closeSent = false
  /** Nothing more will come from below. */
  #peerEnded = false
  /** Nothing is left below. */
  #gone = false
  readonly #inflater: Inflater | undefined
  readonly #outbox: Outbox | undefined
  #paused = true
  /** A message is being inflated, behind which everything has to wait. */
  #inflating = false
  /** A Close frame follows what is being compressed. */
  #ending = false
  /** It was given up: what comes is nobody's business any more. */
  #over = false
  #lingering: Subscription | undefined = undefined
  /** The second that is counted, and the control frames in it. */
  #second = 0
  #controls = 0

  /** @param open makes the wire of bytes, told on this line */
  constructor(line: Line<Message | ControlMessage>, settings: WireSettings, open: (below: Line) => Wire) {
    this.#line = line
    this.#settings = settings
    this.#reader = new FrameReader(this, settings.role, settings.limits, settings.deflate !== undefined)
    this.#below = open(this)
    this.#writer = new FrameWriter(this.#below, settings.role)
    const { deflate, limits } = settings
    this.#inflater = deflate && new Inflater(deflate, limits.maxPayload)
    this.#outbox = deflate && new Outbox(new Deflater(deflate), this)
  }

  get protocol(): string {
    return this.#settings.protocol
  }

  get local(): Endpoint | undefined {
    return this.#below.local
  }

  get remote(): Endpoint | undefined {
    return this.#below.remote
  }

  get tls(): TlsSession | undefined {
    return this.#below.tls
  }

  get copies(): number {
    return this.#outbox === undefined ? (this.#below.copies ?? 0) : 0
  }

  get frames(): Encoder<Outgoing> | undefined {
    return this.#settings.role === 'server' && this.#settings.deflate === undefined ? wholeFrames : undefined
  }

  // ── what the connection asks ──

  size(packet: Outgoing): number {
    return this.#writer.sizeOf(packet)
  }

  write(packet: Outgoing): void {
    const outbox = this.#outbox
    if (outbox === undefined || isControl(packet)) this.#writer.write(packet)
    else {
      const payload = typeof packet === 'string' ? Buffer.from(packet) : bytesOf(packet)
      const first = opcodeOf(packet) | FIN
      if (outbox.takes(payload.length)) outbox.take(first, payload)
      else this.#writer.frame(first, payload)
    }
  }

  /** Takes a frame that many are sent. */
  share(frame: Uint8Array): void {
    this.#writer.share(frame)
  }

  pause(): void {
    this.#paused = true
    this.#below.pause()
  }

  resume(): void {
    this.#paused = false
    this.#goOn()
  }

  leaveWith(status: CloseStatus): void {
    this.#farewell ??= status
  }

  end(): void {
    if (this.#over) return
    this.#ending = true
    if (this.#outbox?.busy === true) return
    this.#sayClose(this.#farewell ?? answerTo(this.status))
    this.#endWhenBothHave()
  }

  destroy(error?: Error): void {
    const word = error === undefined || this.#over || this.#closeSent ? undefined : lastWord(error)
    this.#giveUp()
    if (this.#gone) {
      this.#line.closed()
      return
    }
    if (word === undefined || !this.#sayClose(word)) {
      this.#below.destroy()
      return
    }
    this.#linger()
    this.#below.resume()
    this.#below.end()
  }

  // ── what the wire of bytes tells ──

  opened(): void {
    this.#line.opened()
  }

  received(chunk: Uint8Array, size: number): void {
    this.#line.heard(size)
    this.#read(() => {
      this.#reader.read(chunk)
    })
  }

  heard(size: number): void {
    this.#line.heard(size)
  }

  ended(): void {
    this.#peerEnded = true
    this.#heedEnd()
  }

  added(size: number): boolean {
    return this.#line.added(size)
  }

  written(size: number): void {
    this.#writer.unwritten -= size
    this.#line.written(size)
    if (this.#bothHave) this.#lingerBehindAll()
  }

  blocked(): void {
    this.#line.blocked()
  }

  closed(error?: Error): void {
    this.#gone = true
    this.#lingering?.unsubscribe()
    if (error === undefined) this.#heedEnd()
    else this.#finish(error)
  }

  // ── what is read ──

  /** Nothing is told while it is paused, nor behind a Close frame. */
  get holds(): boolean {
    return this.#paused || this.#inflating || this.#isOver()
  }

  onMessage(message: Message): void {
    this.#line.received(message, 0)
  }

  onCompressed(payload: Uint8Array, isText: boolean): void {
    this.#inflating = true
    this.#below.pause()
    this.#inflater?.run(payload, (error, bytes = Buffer.alloc(0)) => {
      this.#inflating = false
      this.#read(() => {
        if (error !== undefined) throw error
        this.onMessage(isText ? textOf(bytes, 0, bytes.length) : bytes)
      })
      this.#goOn()
    })
  }

  onPing(data: Uint8Array): void {
    this.#count()
    if (!this.#closeSent && !this.#sayControl(PONG, data)) return
    if (this.#settings.control) this.#line.received({ type: 'ping', data }, 0)
  }

  onPong(data: Uint8Array): void {
    this.#count()
    if (this.#settings.control) this.#line.received({ type: 'pong', data }, 0)
  }

  onClose(status: CloseStatus): void {
    this.status = status
    this.#line.ended()
    this.#endWhenBothHave()
  }

  #goOn(): void {
    if (!this.holds)
      this.#read(() => {
        this.#reader.goOn()
      })
    if (this.#peerEnded || this.#gone) this.#heedEnd()
    if (!this.#paused && !this.#inflating) this.#below.resume()
  }

  /** An end from below counts when all has been told that came before it. */
  #heedEnd(): void {
    if (!this.#isOver() && (this.#paused || this.#inflating || this.#reader.waits)) return
    if (this.#gone) this.#finish(this.#closeSent || this.status !== undefined ? undefined : abnormal())
    else if (this.#over || this.#closeSent) this.#below.end()
    else if (this.status === undefined) this.#line.destroy(abnormal())
  }

  #finish(error: Error | undefined): void {
    if (this.#over || this.#bothHave) this.#line.closed()
    else this.#line.closed(error)
    this.#giveUp()
  }

  #read(read: () => void): void {
    if (this.#isOver()) return
    try {
      read()
    } catch (thrown) {
      this.#line.destroy(asError(thrown))
    }
    if (this.#isOver()) this.#reader.drop()
  }

  #count(): void {
    const second = Math.floor(now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#controls = 0
    }
    this.#controls += 1
    const { maxPings } = this.#settings.limits
    if (this.#controls > maxPings)
      throw new SluiceError('ERR_FLOOD', `more pings and pongs in a second than the ${maxPings} of maxPings`)
  }

  // ── what is said ──

  sendFrame(first: number, payload: Uint8Array, had: number): void {
    const saved = this.#writer.frameSize(had) - this.#writer.frameSize(payload.length)
    if (saved < 0 && !this.#line.added(-saved)) return
    this.#writer.frame(first, payload)
    if (saved > 0) this.#line.written(saved)
  }

  failed(error: Error): void {
    this.#line.destroy(error)
  }

  drained(): void {
    if (this.#ending) this.end()
  }

  /** Whether it was taken. */
  #sayControl(opcode: number, payload: Uint8Array): boolean {
    if (!this.#line.added(this.#writer.frameSize(payload.length))) return false
    this.#writer.frame(opcode | FIN, payload)
    return true
  }

  #sayClose(status: CloseStatus): boolean {
    if (this.#closeSent) return true
    this.#closeSent = true
    return this.#sayControl(CLOSE, closePayload(status))
  }

  get #bothHave(): boolean {
    return this.#closeSent && this.status !== undefined
  }

  #endWhenBothHave(): void {
    if (!this.#bothHave) return
    if (this.#settings.role === 'server' || this.#peerEnded) this.#below.end()
    this.#lingerBehindAll()
  }

  /** A peer may take his time for what was sent, as long as all that closes may. */
  #lingerBehindAll(): void {
    if (this.#writer.unwritten === 0) this.#linger()
  }

  #linger(): void {
    this.#lingering ??= after(LINGER, () => {
      this.#below.destroy()
    })
  }

  /** Whether no more is to be read. */
  #isOver(): boolean {
    return this.#over || this.status !== undefined
  }

  #giveUp(): void {
    this.#over = true
    this.#outbox?.close()
    this.#inflater?.close()
  }
}

/** RFC 6455 section 5.5.1: the answer to a Close frame says what that did, or 1000 where it said nothing. */
function answerTo(status: CloseStatus | undefined): CloseStatus {
  return status === undefined || status.code === UNSPOKEN.code ? NORMAL : { code: status.code, detail: '' }
}

function abnormal(): SluiceError {
  return new SluiceError('ERR_CLOSED_ABNORMALLY', 'the connection ended without a Close frame')
}
