import type { ConnectionEvent } from './event.js'
import type { Connection } from './connection.js'

/** What has come in while a connection is paused, in order, and how many want it so. One that nobody pauses has none. */
export class Hold<In, C extends Connection<never>> {
  holders = 0
  events: ConnectionEvent<In, C>[] = []

  /** The connection has closed, and that has not been told. */
  get hidesClose(): boolean {
    return this.events.at(-1)?.type === 'close'
  }

  /** Takes the bytes out, in order. */
  takeBytes(): Uint8Array[] {
    const { events } = this
    this.events = events.filter(event => event.type !== 'packet')
    return events.flatMap(event =>
      event.type === 'packet' && event.packet instanceof Uint8Array ? [event.packet] : [],
    )
  }
}
