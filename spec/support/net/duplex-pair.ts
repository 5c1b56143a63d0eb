import { Duplex } from 'node:stream'

/** Two duplexes, each of which reads what the other writes; a write is done when the other one has made room for it. */
export function duplexPair(highWaterMark = 16 * 1024): [Duplex, Duplex] {
  const near = new Side(highWaterMark)
  const far = new Side(highWaterMark)
  near.other = far
  far.other = near
  return [near, far]
}

class Side extends Duplex {
  other: Side | undefined
  #room: (() => void) | undefined

  constructor(highWaterMark: number) {
    super({ highWaterMark })
  }

  override _read(): void {
    const room = this.#room
    this.#room = undefined
    room?.()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const { other } = this
    if (other === undefined || other.destroyed || other.push(chunk)) done()
    else other.#room = done
  }

  override _final(done: () => void): void {
    this.other?.push(null)
    done()
  }
}
