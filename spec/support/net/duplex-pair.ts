import { Duplex, type DuplexOptions } from 'node:stream'

type Done = (error?: Error | null) => void

/**
 * Two duplexes, each of which reads what the other writes, as two ends of a pipe do: not before the write has returned. It is done
 * when the other one has made room for it.
 */
export function duplexPair(highWaterMark = 16 * 1024, options: DuplexOptions = {}): [Duplex, Duplex] {
  const near = new Side({ highWaterMark, ...options })
  const far = new Side({ highWaterMark, ...options })
  near.other = far
  far.other = near
  return [near, far]
}

class Side extends Duplex {
  other: Side | undefined
  #room: Done | undefined

  override _read(): void {
    this.#release()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    process.nextTick(() => {
      const { other } = this
      if (other === undefined || other.destroyed) done(broken())
      else if (other.push(chunk)) done()
      else other.#room = done
    })
  }

  override _final(done: Done): void {
    process.nextTick(() => {
      this.#tellEnd()
      done()
    })
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#release(broken())
    this.#tellEnd()
    done(error)
  }

  #release(error?: Error): void {
    const room = this.#room
    this.#room = undefined
    room?.(error)
  }

  #tellEnd(): void {
    const { other } = this
    this.other = undefined
    if (other?.destroyed === false) other.push(null)
  }
}

function broken(): Error {
  return Object.assign(new Error('the other end is gone'), { code: 'EPIPE' })
}
