import type { Subscriber } from 'rxjs'
import { handlerError } from '../connection/errors.js'
import type { AnyEvent } from '../connection/event.js'
import type { Told } from '../connection/outlet.js'
import type { Correlation } from './correlation.js'
import { Answer } from './request.js'

/** What becomes of what was handled: answers are sent, all else is told. */
export class Dispatch implements Told<AnyEvent> {
  readonly #subscriber: Subscriber<AnyEvent>
  readonly #correlation: Correlation<unknown, unknown>

  constructor(subscriber: Subscriber<AnyEvent>, correlation: Correlation<unknown, unknown>) {
    this.#subscriber = subscriber
    this.#correlation = correlation
  }

  get closed(): boolean {
    return this.#subscriber.closed
  }

  next(event: AnyEvent): void {
    if (event.type === 'packet' && event.packet instanceof Answer) this.#send(event.packet)
    else this.#subscriber.next(event)
  }

  error(error: unknown): void {
    this.#subscriber.error(error)
  }

  complete(): void {
    this.#subscriber.complete()
  }

  #send({ request, packet }: Answer): void {
    const correlation = this.#correlation
    const { id, peer } = request
    try {
      peer.send(correlation.kind === 'by id' ? correlation.put(packet, id) : packet)
    } catch (thrown) {
      peer.fail(handlerError('respond', thrown))
    }
  }
}
