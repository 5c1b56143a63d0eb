import type { Connection } from 'sluice'

/**
 * The lines that one client has to deliver, at least once each. A line counts as delivered when it was answered; on every new connection
 * those that were sent and not answered are sent again. So nothing is lost by a cut, and what it cost is known.
 */
export class Outbox {
  sent = 0
  answered = 0
  repeated = 0
  readonly #lines: readonly string[]
  readonly #unanswered = new Map<number, string>()
  #connection: Connection<string> | undefined

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  get lost(): number {
    return this.#lines.length - this.answered
  }

  /** A session has opened. */
  open(connection: Connection<string>): void {
    this.#connection = connection
    for (const [number, line] of this.#unanswered) {
      this.repeated += 1
      connection.send(`${number} ${line}`)
    }
  }

  /** Sends some more lines, if there is a connection to send them on. */
  send(count: number): void {
    for (const line of this.#lines.slice(this.sent, this.sent + count)) {
      if (this.#connection?.state !== 'open') return
      this.#unanswered.set(this.sent, line)
      this.#connection.send(`${this.sent} ${line}`)
      this.sent += 1
    }
  }

  answer(packet: string): void {
    if (this.#unanswered.delete(Number.parseInt(packet, 10))) this.answered += 1
  }

  /** Pulls the cable: nothing is flushed, and it is nobody's wish. */
  cut(): void {
    this.#connection?.destroy(new Error('the cable was pulled'))
  }
}
