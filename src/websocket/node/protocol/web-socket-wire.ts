import type { Subscription } from 'rxjs'
import { after } from '../../../connection/clock.js'
import type { Endpoint, TlsSession } from '../../../connection/connection.js'
import type { Encoder } from '../../../connection/encoded.js'
import { asError, SluiceError } from '../../../connection/errors.js'
import type { Line, Wire } from '../../../connection/wire.js'
import { NORMAL, UNSPOKEN, lastWord, type CloseStatus } from '../../close-status.js'
import type { ControlMessage, Message } from '../../message.js'
import type { MessageWire } from '../../message-wire.js'
import { ControlRate } from './control-rate.js'
import { CLOSE, FIN, PONG } from './frame.js'
import { FrameReader, type FrameListener } from './frame-reader.js'
import { FrameWriter, closePayload, type Outgoing, type WriteListener } from './frame-writer.js'
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
export class WebSocketWire implements MessageWire<Outgoing>, Line, FrameListener, WriteListener {
  protected readonly line: Line<Message | ControlMessage>
  protected readonly below: Wire
  protected readonly writer: FrameWriter
  readonly #settings: WireSettings
  readonly #reader: FrameReader
  status: CloseStatus | undefined = undefined
  #farewell: CloseStatus | undefined = undefined
  #closeSent = false
  /** Nothing more will come from below. */
  #peerEnded = false
  /** Nothing is left below. */
  #gone = false
  #paused = true
  /** It was given up: what comes is nobody's business any more. */
  #over = false
  #lingering: Subscription | undefined = undefined
  #rate: ControlRate | undefined = undefined

  /** @param open makes the wire of bytes, told on this line */
  constructor(line: Line<Message | ControlMessage>, settings: WireSettings, open: (below: Line) => Wire) {
    this.line = line
    this.#settings = settings
    this.#reader = new FrameReader(this, settings.role, settings.limits, settings.deflate !== undefined)
    this.below = open(this)
    this.writer = new FrameWriter(this.below, settings.role, this)
  }

  get protocol(): string {
    return this.#settings.protocol
  }

  get local(): Endpoint | undefined {
    return this.below.local
  }

  get remote(): Endpoint | undefined {
    return this.below.remote
  }

  get tls(): TlsSession | undefined {
    return this.below.tls
  }

  get copies(): number {
    return this.below.copies ?? 0
  }

  get frames(): Encoder<Outgoing> | undefined {
    return this.#settings.role === 'server' ? wholeFrames : undefined
  }

  get settled(): boolean {
    return this.#bothHave && this.writer.unwritten === 0
  }

  // ── what the connection asks ──

  size(packet: Outgoing): number {
    return this.writer.sizeOf(packet)
  }

  write(packet: Outgoing): void {
    this.writer.write(packet)
  }

  /** Takes a frame that many are sent. */
  share(frame: Uint8Array): void {
    this.writer.share(frame)
  }

  pause(): void {
    this.#paused = true
    this.below.pause()
  }

  resume(): void {
    this.#paused = false
    this.goOn()
  }

  leaveWith(status: CloseStatus): void {
    this.#farewell ??= status
  }

  end(): void {
    if (this.#over) return
    this.#sayClose(this.#farewell ?? answerTo(this.status))
    this.#endWhenBothHave()
  }

  destroy(error?: Error): void {
    const word = error === undefined || this.#over || this.#closeSent ? undefined : lastWord(error)
    this.giveUp()
    if (this.#gone) {
      this.line.closed()
      return
    }
    if (word === undefined || !this.#sayClose(word)) {
      this.below.destroy()
      return
    }
    this.#linger()
    this.below.resume()
    this.below.end()
  }

  // ── what the wire of bytes tells ──

  opened(): void {
    this.line.opened()
  }

  received(chunk: Uint8Array, size: number): void {
    this.line.heard(size)
    this.read(() => {
      this.#reader.read(chunk)
    })
    if (this.#peerEnded || this.#gone) this.#heedEnd()
  }

  heard(size: number): void {
    this.line.heard(size)
  }

  ended(): void {
    this.#peerEnded = true
    this.#heedEnd()
  }

  added(size: number): boolean {
    return this.line.added(size)
  }

  written(size: number): void {
    this.writer.written(size)
  }

  onWritten(size: number): void {
    this.line.written(size)
    this.#lingerBehindAll()
  }

  blocked(): void {
    this.line.blocked()
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
    return this.waits || this.#isOver()
  }

  onMessage(message: Message): void {
    this.line.received(message, 0)
  }

  onPing(data: Uint8Array): void {
    this.#countControl()
    if (!this.#closeSent && !this.#sayControl(PONG, data)) return
    if (this.#settings.control) this.line.received({ type: 'ping', data }, 0)
  }

  onPong(data: Uint8Array): void {
    this.#countControl()
    if (this.#settings.control) this.line.received({ type: 'pong', data }, 0)
  }

  onClose(status: CloseStatus): void {
    this.status = status
    this.line.ended()
    this.#endWhenBothHave()
  }

  /** Whether reading has to wait. */
  protected get waits(): boolean {
    return this.#paused
  }

  protected goOn(): void {
    if (!this.holds)
      this.read(() => {
        this.#reader.goOn()
      })
    if (this.#peerEnded || this.#gone) this.#heedEnd()
    if (!this.waits) this.below.resume()
  }

  /** An end from below counts when all has been told that came before it. */
  #heedEnd(): void {
    if (!this.#isOver() && (this.waits || this.#reader.waits)) return
    if (this.#gone) this.#finish(this.#closeSent || this.status !== undefined ? undefined : abnormal())
    else if (this.#over || this.#closeSent) this.below.end()
    else if (this.status === undefined) this.line.destroy(abnormal())
  }

  #finish(error: Error | undefined): void {
    if (this.#over || this.#bothHave) this.line.closed()
    else this.line.closed(error)
    this.giveUp()
  }

  protected read(read: () => void): void {
    if (this.#isOver()) return
    try {
      read()
    } catch (thrown) {
      this.line.destroy(asError(thrown))
    }
    if (this.#isOver()) this.#reader.drop()
  }

  protected giveUp(): void {
    this.#over = true
    this.#reader.drop()
  }

  // ── what is said ──

  /** Whether it was taken. */
  #sayControl(opcode: number, payload: Uint8Array): boolean {
    if (!this.line.added(this.writer.frameSize(payload.length))) return false
    this.writer.frame(opcode | FIN, payload)
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
    if (this.#settings.role === 'server' || this.#peerEnded) this.below.end()
    this.#lingerBehindAll()
  }

  /** A peer may take his time for what was sent, as long as all that closes may. */
  #lingerBehindAll(): void {
    if (this.settled) this.#linger()
  }

  #linger(): void {
    this.#lingering ??= after(LINGER, () => {
      this.below.destroy()
    })
  }

  /** Whether no more is to be read. */
  #isOver(): boolean {
    return this.#over || this.status !== undefined
  }

  #countControl(): void {
    this.#rate ??= new ControlRate(this.#settings.limits.maxPings)
    this.#rate.add()
  }
}

/** RFC 6455 section 5.5.1: the answer to a Close frame says what that did, or 1000 where it said nothing. */
function answerTo(status: CloseStatus | undefined): CloseStatus {
  return status === undefined || status.code === UNSPOKEN.code ? NORMAL : { code: status.code, detail: '' }
}

function abnormal(): SluiceError {
  return new SluiceError('ERR_CLOSED_ABNORMALLY', 'the connection ended without a Close frame')
}
