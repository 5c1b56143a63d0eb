import type { Duplex } from 'node:stream'

/**
 * Destroys a user's duplex when both its sides are done, as Node's destroy themselves. One that was told not to, or comes of older
 * streams, would never close, and be taken for a peer that does not finish.
 */
export function destroyWhenDone(duplex: Duplex): void {
  let sides = duplex.readableEnded ? 1 : 2
  const done = (): void => {
    sides -= 1
    if (sides === 0) duplex.destroy()
  }
  duplex.once('end', done).once('finish', done)
}
