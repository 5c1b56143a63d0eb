import type { Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { sendsWhole } from '../connection/encoded.js'
import type { ByteEvent } from '../connection/event.js'
import { Inlet } from '../connection/inlet.js'
import { LIFE } from '../connection/life.js'
import { Outlet } from '../connection/outlet.js'
import type { Codec } from './codec.js'
import { FramedConnection } from './framed-connection.js'
import { FramedMessages } from './framed-messages.js'
import type { Framing } from './framing.js'

/** One subscription to a framed stream: its way in and its way out, and the connections that are open in it. */
export class FramedStream<In, Out> extends Inlet<ByteEvent> implements Framing<In, Out> {
  readonly subscriber: Subscriber<object>
  readonly outlet: Outlet<object>
  readonly codec: Codec<In, Out> | undefined
  readonly codecFor: (connection: Connection) => Codec<In, Out>

  readonly #connections = new Map<string, FramedConnection<In, Out>>()
  #completes = false

  constructor(subscriber: Subscriber<object>, codec: Codec<In, Out> | ((connection: Connection) => Codec<In, Out>)) {
    super()
    this.subscriber = subscriber
    this.outlet = new Outlet(subscriber)
    this.codec = typeof codec === 'function' ? undefined : codec
    this.codecFor = typeof codec === 'function' ? codec : () => codec
  }

  protected take(event: ByteEvent): void {
    const connection = event.connection === undefined ? undefined : this.#framed(event.connection, event.type)
    const { outlet } = this
    if (outlet.busy) {
      if (event.type === 'packet' || event.type === 'end') connection?.hold()
      outlet.later(() => this.#pass(event, connection))
      return
    }
    outlet.enter()
    this.#pass(event, connection)
    outlet.leave()
  }

  /** What waits here comes first, be it for its turn or for a pause. */
  protected ended(): void {
    this.outlet.run(() => {
      this.#completes = true
      this.settle()
    })
  }

  protected failed(error: unknown): void {
    this.outlet.error(error)
  }

  gone(connection: { readonly id: string }): void {
    this.#connections.delete(connection.id)
  }

  settle(): void {
    if (!this.#completes) return
    for (const connection of this.#connections.values()) if (connection.waits) return
    this.outlet.complete()
  }

  override unsubscribe(): void {
    for (const connection of this.#connections.values()) connection.abandon()
    this.#connections.clear()
    super.unsubscribe()
  }

  #pass(event: ByteEvent, connection: FramedConnection<In, Out> | undefined): void {
    if (connection === undefined) this.subscriber.next(event)
    else connection.take(event)
  }

  #framed(inner: Connection, type: string): FramedConnection<In, Out> {
    const { id } = inner
    const known = this.#connections.get(id)
    if (known !== undefined) return known
    const Connection = sendsWhole(inner) ? FramedMessages : FramedConnection
    const connection = new Connection<In, Out>(inner, this)
    if (LIFE.has(type)) this.#connections.set(id, connection)
    return connection
  }
}
