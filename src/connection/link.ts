import { Subscription } from 'rxjs'
import { now } from './clock.js'
import type { Connection, ConnectionState, Endpoint, TlsSession } from './connection.js'
import { copied, type Copies } from './copied.js'
import { encoder, plainBytes, sendEncoded, type Encoder, type SendsEncoded } from './encoded.js'
import { Ending } from './ending.js'
import { handlerError, SluiceError } from './errors.js'
import type { CloseEvent, ConnectionEvent } from './event.js'
import { handover, type Handover, type HandsOver } from './handover.js'
import { Hold } from './hold.js'
import { newId } from './id.js'
import type { Surroundings } from './surroundings.js'
import type { Line, Wire } from './wire.js'

/**
 * A live connection: the laws, between a transport's `Wire` below and a stream above.
 *
 * Input (`packet`, `end`, an orderly `close`) goes through `#pass`, which holds it while the connection is paused; a failure overtakes it.
 */
export class Link<In, Out> implements Connection<Out>, Line<In>, HandsOver, Copies, SendsEncoded<Out> {
  state: ConnectionState = 'connecting'
  bytesRead = 0
  bytesAccepted = 0
  bytesWritten = 0

  readonly #links: Surroundings<In, Out>
  #wire: Wire<Out> | undefined = undefined
  #id: string | undefined = undefined
  /** In milliseconds since the subscription: a small number needs no memory of its own, the time of a clock does. */
  #openedAfter: number | undefined = undefined
  #hold: Hold<In, Connection<Out>> | undefined = undefined
  #wantsDrain = false
  #ending: Ending | undefined = undefined

  constructor(links: Surroundings<In, Out>) {
    this.#links = links
  }

  get id(): string {
    return (this.#id ??= newId())
  }

  get local(): Endpoint | undefined {
    return this.#wire?.local
  }

  get remote(): Endpoint | undefined {
    return this.#wire?.remote ?? this.#links.target
  }

  get openedAt(): number | undefined {
    return this.#openedAfter === undefined ? undefined : this.#links.startedAt + this.#openedAfter
  }

  get tls(): TlsSession | undefined {
    return this.#wire?.tls
  }

  /** What it is on, once it is attached. */
  protected get wire(): Wire<Out> | undefined {
    return this.#wire
  }

  get paused(): boolean {
    return this.#hold !== undefined && this.#hold.holders > 0
  }

  get bufferedAmount(): number {
    return this.bytesAccepted - this.bytesWritten
  }

  get [encoder](): Encoder<Out> | undefined {
    return this.#wire?.share === undefined ? undefined : plainBytes
  }

  get [copied](): number {
    return this.#wire?.copies ?? 0
  }

  // ── what the user does ──

  send(packet: Out): boolean {
    const wire = this.#wire
    if (this.state !== 'open' || wire === undefined || !this.#accept(wire.size(packet))) return false
    try {
      wire.write(packet)
    } catch (thrown) {
      this.#broken('write', thrown)
      return false
    }
    return this.#hasRoom()
  }

  [sendEncoded](pieces: readonly Uint8Array[]): boolean {
    const wire = this.#wire as Wire | undefined
    if (this.state !== 'open' || wire?.share === undefined) return false
    try {
      for (const piece of pieces) {
        if (!this.#accept(piece.length)) return false
        wire.share(piece)
      }
    } catch (thrown) {
      this.#broken('share', thrown)
      return false
    }
    return this.#hasRoom()
  }

  close(reason: 'local' | 'shutdown' = 'local'): void {
    if (this.state === 'closed') return
    const ending = this.#startEnding()
    if (this.state !== 'closing') ending.reason = reason
    ending.reason ??= reason
    if (this.state === 'connecting') this.destroy()
    else this.#finish()
  }

  end(): void {
    if (this.state !== 'open') return
    this.state = 'closing'
    this.#ask('end')
  }

  destroy(error?: Error): void {
    if (this.state === 'closed' && this.#hold?.hidesClose !== true) return
    const ending = this.#startEnding()
    if (error === undefined) ending.reason ??= 'local'
    else ending.failed(error)
    this.#mute()
    const gone = this.state === 'closed' || this.#wire === undefined
    this.state = 'closed'
    if (gone) this.#tellClose()
    else this.#abort()
  }

  pause(): Subscription {
    if (this.#muted) return Subscription.EMPTY
    const hold = (this.#hold ??= new Hold())
    hold.holders += 1
    if (hold.holders === 1) this.#ask('pause')
    return new Subscription(() => {
      this.#release(hold)
    })
  }

  [handover](): Handover | undefined {
    if (this.#wire === undefined || this.state !== 'open') return undefined
    return { wire: this.#wire, target: this.#links.target, take: () => this.#hold?.takeBytes() ?? [] }
  }

  // ── what the transport tells ──

  /** Puts it on a wire, or on another one: that which a handshake has made of the first. */
  attach(wire: Wire<Out>): void {
    this.#wire = wire
    if (this.#ending?.gone === true) this.#abort()
    else this.#ask(this.paused ? 'pause' : 'resume')
    if (this.state === 'closing') this.#ask('end')
  }

  opened(): void {
    if (this.state !== 'connecting') return
    this.state = 'open'
    this.#openedAfter = now() - this.#links.startedAt
    this.#tell({ type: 'open', connection: this, session: 1 })
  }

  received(packet: In, size: number): void {
    this.bytesRead += size
    if (this.#muted) return
    const event = { type: 'packet', connection: this, packet } as const
    const { outlet } = this.#links
    if (!outlet.busy) {
      this.#tell(event)
      return
    }
    // A wire that reads at once could fill the outlet for as long as it is busy: it goes on when this packet has been told.
    this.#ask('pause')
    outlet.later(() => {
      this.#pass(event)
      if (!this.paused) this.#ask('resume')
    })
  }

  heard(size: number): void {
    this.bytesRead += size
  }

  ended(): void {
    this.#startEnding().reason ??= this.state === 'open' ? 'remote' : 'local'
    if (!this.#muted) this.#tell({ type: 'end', connection: this })
  }

  added(size: number): boolean {
    return this.#accept(size)
  }

  written(size: number): void {
    this.bytesWritten += size
    if (!this.#wantsDrain || this.bufferedAmount > this.#links.options.lowWaterMark) return
    this.#wantsDrain = false
    // Who holds it for its lack of room has to hear of that to the end, or its peer's would never be read.
    if (this.state === 'open' || (this.state === 'closing' && this.paused))
      this.#tell({ type: 'drain', connection: this })
  }

  blocked(): void {
    this.#links.writing.add(this)
  }

  closed(error?: Error): void {
    const ending = this.#startEnding()
    if (ending.gone) return
    this.state = 'closed'
    if (error !== undefined && ending.error === undefined && !ending.muted) ending.failed(error)
    ending.reason ??= 'remote'
    if (ending.error !== undefined) this.#mute()
    this.#tellClose()
  }

  /** The stream was unsubscribed: what was taken is flushed within the close deadline, in silence; what arrives is dropped. */
  abandon(): void {
    if (this.state === 'connecting') {
      this.destroy()
      return
    }
    this.#mute()
    if (this.state === 'closed') return
    this.#ask('resume')
    // Reading on may have been its end.
    if (this.#ending?.gone !== true) this.#finish()
  }

  /** What a transport has to say of an end, besides what all say. */
  protected described(close: CloseEvent<Connection<Out>>): CloseEvent<Connection<Out>> {
    return close
  }

  // ── between the two ──

  #startEnding(): Ending {
    return (this.#ending ??= new Ending())
  }

  get #muted(): boolean {
    return this.#ending?.muted === true
  }

  #accept(size: number): boolean {
    const { maxBuffered } = this.#links.options
    if (this.bufferedAmount + size > maxBuffered) {
      this.destroy(overflow(this.bufferedAmount, size, maxBuffered))
      return false
    }
    this.bytesAccepted += size
    return true
  }

  #hasRoom(): boolean {
    if (this.bufferedAmount < this.#links.options.highWaterMark) return true
    this.#wantsDrain = true
    return false
  }

  #finish(): void {
    this.#links.closing.add(this)
    this.end()
  }

  #tell(event: ConnectionEvent<In, Connection<Out>>): void {
    const { outlet } = this.#links
    if (outlet.busy) {
      outlet.later(() => {
        this.#pass(event)
      })
      return
    }
    outlet.enter()
    this.#pass(event)
    outlet.leave()
  }

  #pass(event: ConnectionEvent<In, Connection<Out>>): void {
    const { type } = event
    if (this.#muted && type !== 'close') return
    if (this.#hold !== undefined && type !== 'open' && type !== 'drain') this.#hold.events.push(event)
    else this.#emit(event)
  }

  #emit(event: ConnectionEvent<In, Connection<Out>>): void {
    const { type } = event
    if (type === 'close') this.#mute()
    this.#links.outlet.next(event)
    if (type === 'end') this.#answerEnd()
    else if (type === 'close') this.#links.gone(this, event)
  }

  #tellClose(): void {
    const ending = this.#startEnding()
    ending.gone = true
    this.#links.closing.delete(this)
    this.#links.writing.delete(this)
    const { reason = 'remote', error } = ending
    const close = { type: 'close', connection: this, reason, bytesUnsent: this.bufferedAmount } as const
    this.#tell(this.described(error === undefined ? close : { ...close, error }))
  }

  /** Law 12: once what waits has been handled, a peer's end is answered with our own. */
  #answerEnd(): void {
    this.#startEnding().heard = true
    if (!this.#links.options.halfOpen && !this.paused && this.state === 'open') this.#finish()
  }

  #release(hold: Hold<In, Connection<Out>>): void {
    hold.holders -= 1
    if (hold.holders > 0) return
    this.#links.outlet.run(() => {
      // Whoever is told may pause it again, destroy it, or take the bytes that are still held.
      while (this.#hold === hold && hold.holders === 0) {
        const event = hold.events.shift()
        if (event === undefined) this.#goOn()
        else this.#emit(event)
      }
    })
  }

  #goOn(): void {
    this.#hold = undefined
    this.#ask('resume')
    if (this.#ending?.heard === true) this.#answerEnd()
  }

  #mute(): void {
    this.#startEnding().muted = true
    this.#hold = undefined
  }

  // ── a wire is others' code: whatever it throws is the end of this connection, and of no other (law 8) ──

  #ask(method: 'pause' | 'resume' | 'end'): void {
    try {
      this.#wire?.[method]()
    } catch (thrown) {
      this.#broken(method, thrown)
    }
  }

  #abort(): void {
    try {
      this.#wire?.destroy(this.#ending?.error)
    } catch (thrown) {
      this.#startEnding().error ??= handlerError('Wire.destroy', thrown)
      this.closed()
    }
  }

  #broken(method: keyof Wire, thrown: unknown): void {
    this.destroy(handlerError(`Wire.${method}`, thrown))
  }
}

function overflow(buffered: number, size: number, limit: number): SluiceError {
  return new SluiceError(
    'ERR_SEND_OVERFLOW',
    `${buffered + size} bytes would wait to be sent, more than the ${limit} of maxBuffered: the peer does not read as fast as we write`,
  )
}
