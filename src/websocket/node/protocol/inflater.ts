import { createInflateRaw } from 'node:zlib'
import { SluiceError } from '../../../connection/errors.js'
import { longestFrom } from './inflation.js'
import type { DeflateSettings } from './wire-settings.js'
import { ZlibStream, type Told } from './zlib-stream.js'
import { zlibTurns } from './zlib-turns.js'

/** What a sender has left out at the end of every message (RFC 7692 section 7.2.1). */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff)

/** Inflates what a peer sends. */
export class Inflater {
  readonly #settings: DeflateSettings
  readonly #maxPayload: number
  #stream: ZlibStream | undefined
  #closed = false

  constructor(settings: DeflateSettings, maxPayload: number) {
    this.#settings = settings
    this.#maxPayload = maxPayload
  }

  /** Tells the message, or a `SluiceError` for one that is too long or can't be inflated. */
  run(payload: Uint8Array, told: Told): void {
    const limit = Math.min(this.#maxPayload, longestFrom(payload.length, this.#settings.maxRatio))
    zlibTurns.take(done => {
      if (this.#closed) {
        done()
        return
      }
      this.#inflate(Buffer.concat([payload, TAIL]), limit, (error, bytes) => {
        done()
        if (!this.#closed) told(error === undefined ? undefined : this.#faultOf(error, limit), bytes)
      })
    })
  }

  close(): void {
    this.#closed = true
    this.#stream?.close()
  }

  /** By a stream of our own, which forgets a message that is too long: zlib's ready-made function keeps it for as long as its error lives. */
  #inflate(bytes: Uint8Array, limit: number, told: Told): void {
    const { takeover, windowBits } = this.#settings.theirs
    if (this.#stream?.ended === true) this.#stream = undefined
    const stream = (this.#stream ??= new ZlibStream(createInflateRaw({ windowBits })))
    stream.run(bytes, limit, (error, result) => {
      if (!takeover) {
        this.#stream = undefined
        stream.close()
      }
      told(error, result)
    })
  }

  #faultOf(error: Error, limit: number): SluiceError {
    if (error instanceof RangeError) {
      const bound = limit === this.#maxPayload ? 'maxPayload' : 'maxRatio'
      return new SluiceError('ERR_MESSAGE_TOO_LONG', `a message would be longer than the ${limit} bytes of ${bound}`)
    }
    return new SluiceError('ERR_MESSAGE_ENCODING', `a message can't be inflated: ${error.message}`, { cause: error })
  }
}
