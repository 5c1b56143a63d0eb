import type { Connection, Line } from 'sluice'
import type { ControlMessage, Message, WebSocketConnection, WebSocketEvent } from 'sluice/websocket'
import { TestScheduler } from 'rxjs/testing'
import { dialAs } from '#src/connection/dial.js'
import { isControl } from '#src/websocket/message.js'
import { limitsOf, type WireSettings } from '#src/websocket/node/protocol/wire-settings.js'
import type { MessageOptions } from '#src/websocket/node/message-options.js'
import { WebSocketLink } from '#src/websocket/web-socket-link.js'
import { openWire } from '#src/websocket/node/protocol/open-wire.js'
import { ByteWire, codeOf } from '../byte-wire.js'
import { bytesOf, framesOf, shownFrame, type RawFrame, type ReadFrame } from './raw-frame.js'

export type Role = WireSettings['role']
export type Packet = Message | ControlMessage
export type PeerEvent = WebSocketEvent<Packet, Connection<Packet>>

export interface RawPeerOptions extends Omit<MessageOptions, 'deflate'> {
  /** What is done at each event, inside of `next`. */
  readonly react?: (event: PeerEvent, peer: RawPeer) => void
  readonly deflate?: WireSettings['deflate']
  /** Up to how many bytes the wire copies of what it is given; it keeps the rest as it is. */
  readonly copies?: number
  /** How many bytes have to wait for the system to take them all, at once. Default: it never does by itself. */
  readonly takes?: number
}

/** One whose system takes what waits inside of the write that makes it enough. */
class HastyWire extends ByteWire {
  readonly #takes: number
  #waiting = 0

  constructor(line: Line, copies: number, takes: number) {
    super(line, copies)
    this.#takes = takes
  }

  override write(packet: Uint8Array): void {
    super.write(packet)
    this.#waiting += packet.length
    if (this.#waiting >= this.#takes) this.drain()
  }

  override drain(): void {
    this.#waiting = 0
    super.drain()
  }
}

/** A connection of ours that is open over bytes in memory, whose peer the test plays frame by frame, or byte by byte. */
export class RawPeer {
  readonly role: Role
  /** All that our end has told, in a few words each. */
  readonly told: string[] = []
  readonly events: PeerEvent[] = []
  readonly leave: () => void
  #wire: ByteWire | undefined
  readonly #scheduler: TestScheduler

  constructor(
    role: Role,
    { react, deflate, copies = 0, takes = Infinity, ...options }: RawPeerOptions,
    scheduler: TestScheduler,
  ) {
    this.role = role
    this.#scheduler = scheduler
    const { control = false } = options
    const settings: WireSettings = { role, protocol: '', limits: limitsOf(options), control, deflate }
    const stream = dialAs<Packet, Packet>(
      surroundings => new WebSocketLink(surroundings),
      { address: 'peer' },
      options,
      line => {
        const wire = openWire(line, settings, below => (this.#wire = new HastyWire(below, copies, takes)))
        this.wire.line.opened()
        return wire
      },
    )
    const subscription = stream.subscribe({
      next: event => {
        this.events.push(event as PeerEvent)
        this.told.push(shownEvent(event as PeerEvent))
        react?.(event as PeerEvent, this)
      },
      error: (error: unknown) => this.told.push(`error ${codeOf(error)}`),
      complete: () => this.told.push('complete'),
    })
    this.leave = () => {
      subscription.unsubscribe()
    }
    this.told.splice(0, 2)
  }

  /** What is below our end. */
  get wire(): ByteWire {
    if (this.#wire === undefined) throw new Error('there is no wire yet')
    return this.#wire
  }

  get connection(): WebSocketConnection<Packet> {
    const [event] = this.events
    if (event?.type !== 'connecting') throw new Error('there is no connection')
    return event.connection as WebSocketConnection<Packet>
  }

  /** The peer sends: each frame, or piece of bytes, arrives in a read of its own. */
  sends(...parts: readonly (RawFrame | Uint8Array)[]): this {
    this.wire.receive(...parts.map(part => this.encoded(part)))
    return this
  }

  /** The same, in one read. */
  sendsAtOnce(...parts: readonly (RawFrame | Uint8Array)[]): this {
    this.wire.receive(Buffer.concat(parts.map(part => this.encoded(part))))
    return this
  }

  /** The same, one byte at a time. */
  sendsSlowly(...parts: readonly (RawFrame | Uint8Array)[]): this {
    for (const byte of Buffer.concat(parts.map(part => this.encoded(part)))) this.wire.receive(Uint8Array.of(byte))
    return this
  }

  encoded(part: RawFrame | Uint8Array): Buffer {
    return part instanceof Uint8Array ? Buffer.from(part) : bytesOf(part, this.role === 'server')
  }

  /** The bytes that our end has written: what was copied, and what was kept, as that is now. */
  get bytes(): Buffer {
    const { written, given, copies } = this.wire
    return Buffer.concat(written.map((bytes, index) => (bytes.length > copies ? (given[index] ?? bytes) : bytes)))
  }

  /** The frames that our end has written. */
  get frames(): readonly ReadFrame[] {
    const { frames, rest } = framesOf(this.bytes)
    if (rest.length > 0) throw new Error(`half a frame was written: ${rest.toString('hex')}`)
    return frames
  }

  /** The same, in a few words each. */
  get heard(): readonly string[] {
    return this.frames.map(shownFrame)
  }

  /** Lets so many milliseconds pass. */
  pass(ms: number): this {
    const until = this.#scheduler.frame + ms
    this.#scheduler.maxFrames = until
    this.#scheduler.flush()
    this.#scheduler.frame = until
    this.#scheduler.maxFrames = Infinity
    return this
  }
}

/** Plays a connection in virtual time, and answers what that does. */
export function withRawPeer<T>(role: Role, options: RawPeerOptions, play: (peer: RawPeer) => T): T {
  const scheduler = new TestScheduler(() => undefined)
  return scheduler.run(() => play(new RawPeer(role, options, scheduler)))
}

export function shownEvent(event: PeerEvent): string {
  if (event.type === 'packet') return shownPacket(event.packet)
  if (event.type !== 'close') return event.type
  const { reason, code, detail, error } = event
  return `close ${reason} ${code}${detail === '' ? '' : ` ${detail}`}${error === undefined ? '' : ` ${codeOf(error)}`}`
}

export function shownPacket(packet: Packet): string {
  if (typeof packet === 'string') return `text${packet === '' ? '' : ` ${packet}`}`
  const [name, bytes] = isControl(packet) ? [packet.type, packet.data] : ['binary', packet]
  const words = Buffer.from(bytes).toString(name === 'binary' ? 'hex' : 'utf8')
  return `${name}${words === '' ? '' : ` ${words}`}`
}
