import { constants, type DeflateRaw, type InflateRaw } from 'node:zlib'

/** What has become of a message, or what went wrong. */
export type Told = (error: Error | undefined, bytes?: Buffer) => void

/** One direction's messages through zlib, one after the other, each referring to those before it. */
export class ZlibStream {
  readonly #stream: DeflateRaw | InflateRaw
  #parts: Buffer[] = []
  #size = 0
  #limit = Infinity
  #told: Told | undefined

  constructor(stream: DeflateRaw | InflateRaw) {
    this.#stream = stream
    stream.on('data', (part: Buffer) => {
      this.#size += part.length
      if (this.#size > this.#limit) this.#tell(new RangeError('too long'))
      else if (this.#told !== undefined) this.#parts.push(part)
    })
    stream.on('error', error => {
      this.#tell(error)
    })
  }

  /** @param limit how long the result may be; beyond that it is an error, and the stream is of no use any more */
  run(bytes: Uint8Array, limit: number, told: Told): void {
    this.#limit = limit
    this.#told = told
    this.#stream.write(bytes)
    this.#stream.flush(constants.Z_SYNC_FLUSH, () => {
      this.#tell(undefined)
    })
  }

  /** The peer has ended the format's own stream, as he may (RFC 7692 section 7.2.3.4): the next message begins another. */
  get ended(): boolean {
    return this.#stream.readableEnded
  }

  /** Whoever waits is told so. */
  close(): void {
    if (this.#told !== undefined) this.#tell(new Error('closed'))
    this.#stream.close()
  }

  #tell(error: Error | undefined): void {
    const told = this.#told
    const parts = this.#parts
    this.#told = undefined
    this.#parts = []
    this.#size = 0
    told?.(error, Buffer.concat(parts))
  }
}
