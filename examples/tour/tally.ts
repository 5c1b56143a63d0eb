import type { Outbox } from './outbox.js'

/** What became of the lines of some clients. */
export interface Tally {
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly repeated: number
  /** 0 only if none was lost. */
  readonly exitCode: 0 | 1
}

export function tally(outboxes: readonly Outbox[]): Tally {
  const total = (count: (outbox: Outbox) => number): number => outboxes.reduce((sum, outbox) => sum + count(outbox), 0)
  const lost = total(outbox => outbox.lost)
  return {
    sent: total(outbox => outbox.sent),
    answered: total(outbox => outbox.answered),
    lost,
    repeated: total(outbox => outbox.repeated),
    exitCode: lost === 0 ? 0 : 1,
  }
}
