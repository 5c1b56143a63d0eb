import { Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { copiedBy } from '../connection/copied.js'
import { encoder, sendEncoded, sendPieces, type Encoder, type SendsEncoded } from '../connection/encoded.js'
import { handlerError, SluiceError } from '../connection/errors.js'
import type { CloseEvent, EndEvent, PacketEvent, TypedEvent } from '../connection/event.js'
import { handOver, handover, type Handover } from '../connection/handover.js'
import { WrappedConnection } from '../connection/wrap-connection.js'
import { COPIED, type Codec, type Decoder, type DecoderOwner } from './codec.js'
import { NOTHING } from './cutter.js'
import type { Framing } from './framing.js'

/** The events that wait while packets have to. */
type Input = PacketEvent | EndEvent | CloseEvent

/**
 * A connection of packets over one of bytes.
 *
 * Input waits in three places, the oldest first: in the decoder (the rest of a chunk), in `#waiting` (what was told
 * although we had said to wait) and, since the inner connection is held while anything is here, below.
 */
export class FramedConnection<In, Out> extends WrappedConnection<Out> implements DecoderOwner, SendsEncoded<Out> {
  readonly #stream: Framing<In, Out>
  #codec: Codec<In, Out> | undefined
  #decoder: Decoder<In> | undefined
  #emit: ((packet: In) => boolean) | undefined
  #write: ((bytes: Uint8Array) => void) | undefined
  /** How many pieces of packets are out, and what sending the last one answered. */
  #pieces = 0
  #accepted = true

  #holders = 0
  /** Our own hold on the inner connection. */
  #hold: Subscription | undefined
  #waiting: Input[] = []
  /** Nothing but the `close` may be told any more. */
  #over = false
  /** Neither paused nor over: asked after each packet, so it is kept rather than worked out. */
  #flows = true

  constructor(inner: Connection, stream: Framing<In, Out>) {
    super(inner)
    this.#stream = stream
  }

  get [encoder](): Encoder<Out> | undefined {
    return this.#stream.codec
  }

  override get paused(): boolean {
    return !this.#over && (this.#holders > 0 || (this.#hold === undefined && this.inner.paused))
  }

  protected get codec(): Codec<In, Out> {
    return (this.#codec ??= this.#stream.codecFor(this.inner))
  }

  // ── what the user does ──

  send(packet: Out): boolean {
    if (this.inner.state !== 'open') return false
    const { outlet } = this.#stream
    if (outlet.busy) return this.encode(packet)
    // What is caused by one piece of the packet (a drain, and what its subscriber sends) comes behind all of them.
    outlet.enter()
    try {
      return this.encode(packet)
    } finally {
      outlet.leave()
    }
  }

  [sendEncoded](pieces: readonly Uint8Array[]): boolean {
    if (this.inner.state !== 'open') return false
    const { outlet } = this.#stream
    if (outlet.busy) return sendPieces(this.inner, pieces)
    outlet.enter()
    try {
      return sendPieces(this.inner, pieces)
    } finally {
      outlet.leave()
    }
  }

  override destroy(error?: Error): void {
    const close = this.#waiting.find(event => event.type === 'close')
    this.#finish()
    this.inner.destroy(error)
    this.#letGo()
    if (close !== undefined) this.#stream.outlet.run(() => this.#tellClose(close))
  }

  override pause(): Subscription {
    if (this.#over) return Subscription.EMPTY
    this.#holders += 1
    this.#flows = false
    this.hold()
    return new Subscription(() => {
      this.#holders -= 1
      this.#flows = this.#holders === 0 && !this.#over
      this.more()
    })
  }

  override [handover](): Handover | undefined {
    const inner = handOver(this.inner)
    return inner && { ...inner, take: () => this.#takeRest(inner) }
  }

  // ── what the decoder tells ──

  skipped(size: number): boolean {
    this.#tell({ type: 'skipped', size })
    return this.#flows
  }

  more(): void {
    if (this.#flows) this.#stream.outlet.run(() => this.#goOn())
  }

  // ── what the stream tells, while it tells nothing else ──

  /** Keeps the inner connection from telling more until what it has told was taken. */
  hold(): void {
    if (!this.#over) this.#hold ??= this.inner.pause()
  }

  take(event: TypedEvent): void {
    const input = event as Input
    switch (input.type) {
      case 'packet':
      case 'end':
        if (this.#over) break
        if (this.#mustWait()) this.#waiting.push(input)
        else this.#pass(input)
        break
      case 'close':
        if (this.#overtakes(input) || !this.#mustWait()) this.#tellClose(input)
        else this.#waiting.push(input)
        break
      default:
        this.#tell(event)
    }
    this.#letGo()
  }

  /** The stream was unsubscribed. */
  abandon(): void {
    this.#finish()
    this.#letGo()
  }

  /** Whether input may be here that has to be told. */
  get waits(): boolean {
    return !this.#over && this.#mustWait()
  }

  // ── between them ──

  #goOn(): void {
    if (this.#flows && this.#decoder !== undefined) this.#decode(NOTHING)
    while (this.#flows) {
      const event = this.#waiting.shift()
      if (event === undefined) break
      this.#pass(event)
    }
    this.#letGo()
    this.#stream.settle()
  }

  #pass(event: Input): void {
    if (event.type === 'packet') this.#decode(event.packet)
    else if (event.type === 'close') this.#tellClose(event)
    else this.#end(event)
  }

  #decode(chunk: Uint8Array): void {
    try {
      const decoder = (this.#decoder ??= this.#open())
      decoder.decode(chunk, this.#emit ?? drop)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  /**
   * The tail of the input may still be packets: the end comes behind them, and behind a pause that one of them was
   * answered with.
   */
  #end(event: EndEvent): void {
    try {
      this.#decoder?.end(this.#emit ?? drop)
    } catch (thrown) {
      this.#fail(thrown)
    }
    if (this.#over) return
    if (this.#holders > 0) this.#waiting.unshift(event)
    else this.#tell(event)
  }

  #open(): Decoder<In> {
    const { subscriber } = this.#stream
    this.#emit = packet => {
      subscriber.next({ type: 'packet', connection: this, packet })
      return this.#flows
    }
    return this.codec.decoder(this)
  }

  protected encode(packet: Out): boolean {
    const before = this.#pieces
    this.#accepted = true
    const { codec } = this
    try {
      codec.encode(packet, (this.#write ??= this.#writer()))
    } catch (thrown) {
      // Half a packet is out, and all that follows would be misread.
      if (this.#pieces > before) this.destroy(handlerError('codec', thrown))
      throw thrown
    }
    return this.#accepted
  }

  /** Made for the first packet, and kept: what is asked here is not asked for each piece. */
  #writer(): (bytes: Uint8Array) => void {
    const { inner } = this
    const isCopied = copiedBy(inner) >= COPIED
    return bytes => {
      this.#accepted = inner.send(isCopied || bytes.length > COPIED ? bytes : new Uint8Array(bytes))
      this.#pieces += 1
    }
  }

  /** A codec threw: nothing more can be made of these bytes. */
  #fail(thrown: unknown): void {
    if (!this.#over) this.destroy(thrown instanceof SluiceError ? thrown : handlerError('codec', thrown))
  }

  #finish(): void {
    this.#over = true
    this.#flows = false
    this.#waiting = []
    this.#decoder = undefined
  }

  #takeRest(inner: Handover): Uint8Array[] {
    const chunks = this.#waiting.flatMap(event => (event.type === 'packet' ? [event.packet] : []))
    this.#waiting = this.#waiting.filter(event => event.type !== 'packet')
    return [this.#decoder?.rest() ?? NOTHING, ...chunks, ...inner.take()].filter(bytes => bytes.length > 0)
  }

  #mustWait(): boolean {
    return this.#holders > 0 || this.#waiting.length > 0
  }

  /** A failure is told at once; an inner connection that is not paused although we hold it was destroyed. */
  #overtakes(close: CloseEvent): boolean {
    return this.#over || close.error !== undefined || !this.inner.paused
  }

  #tell(event: object): void {
    this.#stream.subscriber.next({ ...event, connection: this })
  }

  #tellClose(close: CloseEvent): void {
    this.#finish()
    this.#stream.gone(this)
    this.#tell(close)
  }

  #letGo(): void {
    const hold = this.#hold
    if (hold === undefined || (!this.#over && this.#mustWait())) return
    this.#hold = undefined
    hold.unsubscribe()
  }
}

function drop(): boolean {
  return false
}
