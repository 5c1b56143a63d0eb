/** What a ledger knows of an ask. */
export interface Entry {
  readonly packet: unknown
  /** Whether it is not waited for any more. */
  readonly settled: boolean
  /** Its number, where the ledger gives it one. */
  id: number
}

/** Who waits for which answer on one connection, and for which answers nobody waits any more. */
export interface Ledger<Ask> {
  /** How many places are taken, and how many there are at all. */
  readonly size: number
  readonly most: number
  /** Enters an ask, and answers what to send. */
  enter(ask: Ask): unknown
  /** Whose answer a packet is: nobody's any more (`late`), never anybody's (`unknown`), or none at all. */
  find(packet: unknown): Ask | 'late' | 'unknown' | undefined
  /** Its last answer is here. */
  settle(ask: Ask): void
  /** It is not waited for any more. Its answer may come all the same, and must find nobody else. */
  abandon(ask: Ask): void
  /** It was entered and could not be sent. */
  strike(ask: Ask): void
  /** Those that wait, oldest first. */
  readonly asks: readonly Ask[]
}
