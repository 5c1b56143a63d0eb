import type { Connection } from '../connection/connection.js'
import { Feed, type Feeder } from './feed.js'

/** Feeds from what is asked for each packet: only as many are made as can be sent. */
export class PulledFeed extends Feed {
  readonly #packets: Iterator<unknown, unknown>

  constructor(connection: Connection<unknown>, feeder: Feeder, packets: Iterable<unknown>) {
    super(connection, feeder)
    this.#packets = packets[Symbol.iterator]()
  }

  override get unfinished(): boolean {
    return !this.over
  }

  protected override flow(): void {
    while (this.ready()) {
      const packet = this.#packets.next()
      if (packet.done === true) this.finish()
      else this.send(packet.value)
    }
  }

  protected override release(): void {
    this.attempt(() => this.#packets.return?.())
  }
}
