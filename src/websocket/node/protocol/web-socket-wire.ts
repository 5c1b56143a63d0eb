import type { Endpoint, TlsSession } from '../../../connection/connection.js'
import type { Encoder } from '../../../connection/encoded.js'
import { asError, SluiceError } from '../../../connection/errors.js'
import type { Line, Wire } from '../../../connection/wire.js'
import { lastWord, type CloseStatus } from '../../close-status.js'
import type { ControlMessage, Message } from '../../message.js'
import type { MessageWire } from '../../message-wire.js'
import { ClosingHandshake } from './closing-handshake.js'
import { ControlRate } from './control-rate.js'
import { PONG } from './frame.js'
import { FrameReader, type FrameListener } from './frame-reader.js'
import { FrameWriter, type Outgoing, type WriteListener } from './frame-writer.js'
import type { WireSettings } from './wire-settings.js'

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
  #paused = true
  #closing: ClosingHandshake | undefined = undefined
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

  get status(): CloseStatus | undefined {
    return this.#closing?.heard
  }

  get settled(): boolean {
    return this.#closing?.isSettled === true
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
    this.#startClosing().farewell ??= status
  }

  end(): void {
    const closing = this.#startClosing()
    if (closing.over) return
    closing.say()
    closing.endBelow()
  }

  destroy(error?: Error): void {
    const closing = this.#startClosing()
    const word = error === undefined || closing.over || closing.said ? undefined : lastWord(error)
    this.giveUp()
    if (closing.gone) this.line.closed()
    else if (word !== undefined && closing.say(word)) {
      closing.linger()
      this.below.resume()
      this.below.end()
    } else this.below.destroy()
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
    this.#heedEnd()
  }

  heard(size: number): void {
    this.line.heard(size)
  }

  ended(): void {
    this.#startClosing().peerEnded = true
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
    this.#closing?.lingerBehindAll()
  }

  blocked(): void {
    this.line.blocked()
  }

  closed(error?: Error): void {
    this.#startClosing().lost()
    if (error === undefined) this.#heedEnd()
    else this.#finish(error)
  }

  // ── what is read ──

  /** Nothing is told while it is paused, nor behind a Close frame. */
  get holds(): boolean {
    return this.waits || this.#readsNoMore()
  }

  onMessage(message: Message): void {
    this.line.received(message, 0)
  }

  onPing(data: Uint8Array): void {
    this.#countControl()
    if (this.#closing?.said !== true && !this.writer.control(PONG, data)) return
    if (this.#settings.control) this.line.received({ type: 'ping', data }, 0)
  }

  onPong(data: Uint8Array): void {
    this.#countControl()
    if (this.#settings.control) this.line.received({ type: 'pong', data }, 0)
  }

  onClose(status: CloseStatus): void {
    const closing = this.#startClosing()
    closing.heard = status
    this.line.ended()
    closing.endBelow()
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
    this.#heedEnd()
    if (!this.waits) this.below.resume()
  }

  /** An end from below counts when all has been told that came before it. */
  #heedEnd(): void {
    const closing = this.#closing
    if (closing === undefined || !(closing.peerEnded || closing.gone)) return
    if (!closing.readsNoMore && (this.waits || this.#reader.waits)) return
    if (closing.gone) this.#finish(closing.said || closing.heard !== undefined ? undefined : abnormal())
    else if (closing.over || closing.said) this.below.end()
    else if (closing.heard === undefined) this.line.destroy(abnormal())
  }

  #finish(error: Error | undefined): void {
    const closing = this.#startClosing()
    if (closing.over || closing.isDone) this.line.closed()
    else this.line.closed(error)
    this.giveUp()
  }

  protected read(read: () => void): void {
    if (this.#readsNoMore()) return
    try {
      read()
    } catch (thrown) {
      this.line.destroy(asError(thrown))
    }
    if (this.#readsNoMore()) this.#reader.drop()
  }

  protected giveUp(): void {
    this.#startClosing().over = true
    this.#reader.drop()
  }

  /** A function, since it is asked again. */
  #readsNoMore(): boolean {
    return this.#closing?.readsNoMore === true
  }

  #startClosing(): ClosingHandshake {
    return (this.#closing ??= new ClosingHandshake(this.below, this.writer, this.#settings.role))
  }

  #countControl(): void {
    this.#rate ??= new ControlRate(this.#settings.limits.maxPings)
    this.#rate.add()
  }
}

function abnormal(): SluiceError {
  return new SluiceError('ERR_CLOSED_ABNORMALLY', 'the connection ended without a Close frame')
}
