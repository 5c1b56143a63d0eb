import type { Subscription } from 'rxjs'
import { after } from '../../../connection/clock.js'
import type { Wire } from '../../../connection/wire.js'
import { NORMAL, UNSPOKEN, type CloseStatus } from '../../close-status.js'
import { CLOSE } from './frame.js'
import { closePayload, type FrameWriter } from './frame-writer.js'
import type { WireSettings } from './wire-settings.js'

/** How long, in milliseconds, a peer has to end the connection beneath when all was said. */
const LINGER = 1_000

/** How a WebSocket comes to its end (RFC 6455 section 7.1): who has said Close, and what is left beneath. A live one has none. */
export class ClosingHandshake {
  /** What the peer's Close frame has said. */
  heard: CloseStatus | undefined = undefined
  /** What ours is to say. */
  farewell: CloseStatus | undefined = undefined
  /** Ours is on its way. */
  said = false
  /** Nothing more will come from below. */
  peerEnded = false
  /** Nothing is left below. */
  gone = false
  /** It was given up: what comes is nobody's business any more. */
  over = false
  readonly #below: Wire
  readonly #writer: FrameWriter
  readonly #role: WireSettings['role']
  #lingering: Subscription | undefined = undefined

  constructor(below: Wire, writer: FrameWriter, role: WireSettings['role']) {
    this.#below = below
    this.#writer = writer
    this.#role = role
  }

  /** Both have said Close. */
  get isDone(): boolean {
    return this.said && this.heard !== undefined
  }

  /** And all of it was written. */
  get isSettled(): boolean {
    return this.isDone && this.#writer.unwritten === 0
  }

  /** No more is to be read. */
  get readsNoMore(): boolean {
    return this.over || this.heard !== undefined
  }

  /** Says Close, once. Answers whether that was taken. */
  say(status = this.#words): boolean {
    if (this.said) return true
    this.said = true
    return this.#writer.control(CLOSE, closePayload(status))
  }

  /** When both have said Close, it is for the server to end the connection beneath (section 7.1.1). */
  endBelow(): void {
    if (!this.isDone) return
    if (this.#role === 'server' || this.peerEnded) this.#below.end()
    this.lingerBehindAll()
  }

  /** A peer may take his time for what was sent, as long as all that closes may. */
  lingerBehindAll(): void {
    if (this.isSettled) this.linger()
  }

  linger(): void {
    this.#lingering ??= after(LINGER, () => {
      this.#below.destroy()
    })
  }

  lost(): void {
    this.gone = true
    this.#lingering?.unsubscribe()
  }

  /** Section 5.5.1: an answer to a Close frame says what that did, or 1000 where it said nothing. */
  get #words(): CloseStatus {
    const { farewell, heard } = this
    if (farewell !== undefined) return farewell
    return heard === undefined || heard.code === UNSPOKEN.code ? NORMAL : { code: heard.code, detail: '' }
  }
}
