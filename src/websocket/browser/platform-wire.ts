import type { Subscription } from 'rxjs'
import { after } from '../../connection/clock.js'
import { SluiceError } from '../../connection/errors.js'
import type { Line } from '../../connection/wire.js'
import { ABNORMAL, NORMAL, type CloseStatus } from '../close-status.js'
import type { MessageWire } from '../message-wire.js'
import type { Message } from '../message.js'
import { Held } from './held.js'
import type { PlatformSocket, Sendable } from './platform-socket.js'
import { isSayable } from './sayable.js'

/** Milliseconds from look to look at what the platform has not sent yet: it does not tell. */
const LOOK = 5

export interface PlatformSettings {
  readonly maxHeld: number
  readonly connectTimeout: number
}

/** One WebSocket of the platform: what it does not do (wait, tell of progress, abort) is done here, as far as that goes. */
export class PlatformWire implements MessageWire<Message> {
  /** `send` copies all there is. */
  readonly copies = Infinity
  status: CloseStatus | undefined

  readonly #line: Line<Message>
  readonly #socket: PlatformSocket
  readonly #held: Held
  readonly #opening: Subscription | undefined
  #open = false
  #words = NORMAL
  /** Bytes that the platform was given, and those of which we know that they are gone. */
  #given = 0
  #written = 0
  #look: Subscription | undefined

  constructor(line: Line<Message>, socket: PlatformSocket, { maxHeld, connectTimeout }: PlatformSettings) {
    this.#line = line
    this.#socket = socket
    this.#held = new Held(line, maxHeld)
    this.#opening =
      connectTimeout === Infinity ? undefined : after(connectTimeout, () => line.destroy(late(connectTimeout)))
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#open = true
      this.#opening?.unsubscribe()
      line.opened()
    }
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      this.#received(data)
    }
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      this.#closed({ code, detail: reason })
    }
    // Says nothing that the close behind it does not say.
    socket.onerror = ignore
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  size(message: unknown): number {
    return sizeOf(message)
  }

  write(message: Message): void {
    this.#socket.send(isSendable(message) ? message : new Uint8Array(message))
    this.#given += sizeOf(message)
    this.#look ??= this.#lookLater()
  }

  pause(): void {
    this.#held.pause()
  }

  resume(): void {
    this.#held.resume()
  }

  /** Words that are not a page's to say are 1000 where they are no fault. */
  leaveWith(status: CloseStatus): void {
    this.#words = isSayable(status.code) ? status : NORMAL
  }

  /** The platform sends what waits, and then a Close frame. From now on it tells of no message. */
  end(): void {
    this.#socket.close(this.#words.code, this.#words.detail)
  }

  /** There is no abort: the peer sees a Close frame without a code, as the words for an error are not a page's to say. */
  destroy(): void {
    if (this.status !== undefined) return
    this.#progress()
    this.#leave(ABNORMAL)
    this.#held.clear()
    this.#socket.close()
    this.#line.closed()
  }

  #received(data: unknown): void {
    if (typeof data === 'string') this.#held.take(data, sizeOf(data))
    else if (data instanceof ArrayBuffer) this.#held.take(new Uint8Array(data), data.byteLength)
    else this.#line.destroy(new SluiceError('ERR_MESSAGE_KIND', 'the WebSocket tells neither strings nor ArrayBuffers'))
  }

  #closed(status: CloseStatus): void {
    if (status.code === ABNORMAL.code) {
      this.#leave(ABNORMAL)
      this.#held.clear()
      this.#line.closed(lost(this.#open))
      return
    }
    this.#leave(status)
    this.#held.tellAll()
    this.#line.ended()
    this.#line.closed()
  }

  #leave(status: CloseStatus): void {
    const socket = this.#socket
    this.status = status
    this.#opening?.unsubscribe()
    this.#look?.unsubscribe()
    // Of a connection that was lost the platform may have forgotten what it had not sent.
    if (status !== ABNORMAL) this.#progress()
    socket.onmessage = socket.onclose = null
  }

  // ── what was sent ──

  #lookLater(): Subscription {
    return after(LOOK, () => {
      this.#look = undefined
      this.#progress()
      if (this.#written === this.#given || this.status !== undefined) return
      this.#line.blocked()
      this.#look ??= this.#lookLater()
    })
  }

  #progress(): void {
    const written = this.#given - this.#socket.bufferedAmount
    const more = written - this.#written
    if (more <= 0) return
    this.#written = written
    this.#line.written(more)
  }
}

const encoder = new TextEncoder()

function sizeOf(message: unknown): number {
  if (typeof message === 'string') return encoder.encode(message).length
  if (message instanceof Uint8Array) return message.length
  throw new TypeError(`a WebSocket sends a string or a Uint8Array, not ${message === null ? 'null' : typeof message}`)
}

function isSendable(message: Message): message is Sendable {
  return typeof message === 'string' || message.buffer instanceof ArrayBuffer
}

function late(timeout: number): SluiceError {
  return new SluiceError('ERR_CONNECT_TIMEOUT', `connect took longer than ${timeout} ms`)
}

function lost(wasOpen: boolean): SluiceError {
  const message = wasOpen
    ? 'the connection ended without a Close frame'
    : 'the WebSocket could not be opened; the platform does not say why'
  return new SluiceError('ERR_CLOSED_ABNORMALLY', message)
}

function ignore(): void {
  // It is said elsewhere.
}
