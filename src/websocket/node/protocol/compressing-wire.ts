import type { Line, Wire } from '../../../connection/wire.js'
import { isControl, type ControlMessage, type Message } from '../../message.js'
import { Deflater } from './deflater.js'
import { FIN } from './frame.js'
import { bytesOf, opcodeOf, type Outgoing } from './frame-writer.js'
import { Inflater } from './inflater.js'
import { Outbox, type Sender } from './outbox.js'
import { textOf } from './utf8.js'
import { WebSocketWire } from './web-socket-wire.js'
import type { DeflateSettings, WireSettings } from './wire-settings.js'

/** The same, where compression was agreed upon (RFC 7692). What follows a message that zlib has at the moment waits behind it, both ways. */
export class CompressingWire extends WebSocketWire implements Sender {
  readonly #inflater: Inflater
  readonly #outbox: Outbox
  #inflating = false
  /** A Close frame follows what is being compressed. */
  #ending = false

  constructor(
    line: Line<Message | ControlMessage>,
    settings: WireSettings,
    deflate: DeflateSettings,
    open: (below: Line) => Wire,
  ) {
    super(line, settings, open)
    this.#inflater = new Inflater(deflate, settings.limits.maxPayload)
    this.#outbox = new Outbox(new Deflater(deflate), this)
  }

  /** What has to wait is not copied. */
  override get copies(): number {
    return 0
  }

  /** Each is sent what its own compression makes of a message. */
  override get frames(): undefined {
    return undefined
  }

  override write(packet: Outgoing): void {
    if (isControl(packet)) {
      super.write(packet)
      return
    }
    const payload = typeof packet === 'string' ? Buffer.from(packet) : bytesOf(packet)
    const first = opcodeOf(packet) | FIN
    if (this.#outbox.takes(payload.length)) this.#outbox.take(first, payload)
    else this.writer.frame(first, payload)
  }

  override end(): void {
    this.#ending = true
    if (!this.#outbox.busy) super.end()
  }

  onCompressed(payload: Uint8Array, isText: boolean): void {
    this.#inflating = true
    this.below.pause()
    this.#inflater.run(payload, (error, bytes = Buffer.alloc(0)) => {
      this.#inflating = false
      this.read(() => {
        if (error !== undefined) throw error
        this.onMessage(isText ? textOf(bytes, 0, bytes.length) : bytes)
      })
      this.goOn()
    })
  }

  sendFrame(first: number, payload: Uint8Array, had: number): void {
    const saved = this.writer.frameSize(had) - this.writer.frameSize(payload.length)
    if (saved < 0 && !this.line.added(-saved)) return
    this.writer.frame(first, payload)
    if (saved > 0) this.line.written(saved)
  }

  failed(error: Error): void {
    this.line.destroy(error)
  }

  drained(): void {
    if (this.#ending) super.end()
  }

  protected override get waits(): boolean {
    return super.waits || this.#inflating
  }

  protected override giveUp(): void {
    super.giveUp()
    this.#outbox.close()
    this.#inflater.close()
  }
}
