import { constants, createDeflateRaw, deflateRaw } from 'node:zlib'
import { longestFrom } from './inflation.js'
import type { DeflateSettings } from './wire-settings.js'
import { ZlibStream, type Told } from './zlib-stream.js'
import { zlibTurns } from './zlib-turns.js'

/** How many bytes at the end are left out of every message (RFC 7692 section 7.2.1). */
const TAIL = 4

/** zlib has no smaller window for what it compresses, whatever it is told. */
const SMALLEST_WINDOW = 9

/** Compresses what we send. */
export class Deflater {
  readonly #settings: DeflateSettings
  #stream: ZlibStream | undefined
  #closed = false

  constructor(settings: DeflateSettings) {
    this.#settings = settings
  }

  /** Whether a message of so many bytes is compressed at all. */
  takes(length: number): boolean {
    return length >= this.#settings.threshold && this.#settings.ours.windowBits >= SMALLEST_WINDOW
  }

  /** Whether a message is sent compressed: if the next will refer to it, or if that is shorter, and no bomb to a peer with our own limits. */
  isWorth(length: number, compressed: number): boolean {
    const { ours, maxRatio } = this.#settings
    return ours.takeover || (compressed < length && length <= longestFrom(compressed, maxRatio))
  }

  run(payload: Uint8Array, told: Told): void {
    zlibTurns.take(done => {
      if (this.#closed) {
        done()
        return
      }
      this.#deflate(payload, (error, bytes) => {
        done()
        if (!this.#closed) told(error, bytes?.subarray(0, -TAIL))
      })
    })
  }

  close(): void {
    this.#closed = true
    this.#stream?.close()
  }

  #deflate(payload: Uint8Array, told: Told): void {
    const { level, ours } = this.#settings
    const { windowBits } = ours
    if (ours.takeover) {
      this.#stream ??= new ZlibStream(createDeflateRaw({ level, windowBits }))
      this.#stream.run(payload, Infinity, told)
      return
    }
    deflateRaw(payload, { level, windowBits, finishFlush: constants.Z_SYNC_FLUSH }, (error, bytes) => {
      told(error ?? undefined, bytes)
    })
  }
}
