import type { Connection } from './connection.js'

/** Where a connection keeps what is in hand on it: the innermost one, whoever asks. */
export const unfinished = Symbol('sluice.unfinished')

/**
 * What operators have in hand of what has arrived on a connection. Neither they nor whoever is to close it in good order
 * know of each other: so the ones say here what they begin and end, and the other waits for it.
 */
export class Unfinished {
  /** Whether an operator has ever taken a packet: those behind it may never see one. */
  taken = false
  #tasks = 0
  #waiting: (() => void)[] = []

  get any(): boolean {
    return this.#tasks > 0
  }

  begin(): void {
    this.taken = true
    this.#tasks += 1
  }

  end(): void {
    this.#tasks -= 1
    if (!this.any) for (const task of this.#waiting.splice(0)) task()
  }

  /** Calls once nothing is in hand: at once, or when the last is ended. */
  whenNone(task: () => void): void {
    if (this.any) this.#waiting.push(task)
    else task()
  }
}

/** Calls once nothing is in hand on a connection, and has no more read meanwhile: who floods would never be finished. */
export function whenFinished(connection: Connection<never>, task: () => void): void {
  const unfinished = unfinishedOn(connection)
  const hold = unfinished.any ? connection.pause() : undefined
  unfinished.whenNone(() => {
    task()
    hold?.unsubscribe()
  })
}

export function unfinishedOn(connection: Connection<never>): Unfinished {
  const own = connection as { [unfinished]?: Unfinished | undefined }
  return (own[unfinished] ??= new Unfinished())
}
