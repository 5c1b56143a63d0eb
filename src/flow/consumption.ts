import type { Observer } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent } from '../connection/event.js'
import { Outlet, type Told } from '../connection/outlet.js'
import type { ConsumeOptions } from './consume-options.js'
import { Intake, type Answers, type Handling } from './intake.js'

/**
 * What `consume` does for one subscriber: it leads each connection's events to its intake, and ends when these are
 * empty.
 */
export class Consumption implements Observer<AnyEvent>, Handling {
  readonly answer: Answers
  readonly concurrency: number
  readonly prefetch: number
  readonly ordered: boolean
  readonly outlet: Outlet<AnyEvent>
  readonly #intakes = new Map<string, Intake>()
  /** How the source has ended. */
  #finish: (() => void) | undefined

  constructor(told: Told<AnyEvent>, answer: Answers, options: ConsumeOptions) {
    const { concurrency = 1, prefetch = 16, ordered = true } = options
    this.answer = answer
    this.concurrency = concurrency
    this.prefetch = prefetch
    this.ordered = ordered
    this.outlet = new Outlet(told)
  }

  next(event: AnyEvent): void {
    if (this.outlet.closed) return
    if (event.type === 'packet') this.#intake(event.connection).take(event.packet)
    else if (event.type === 'end') this.#intake(event.connection).follow(event)
    else if (event.type === 'drain' || !('connection' in event)) this.outlet.tell(event)
    else {
      const intake = this.#intakes.get(event.connection.id)
      if (intake === undefined) this.outlet.tell(event)
      else intake.follow(event)
    }
  }

  error(error: unknown): void {
    this.#finish = () => {
      this.outlet.error(error)
    }
    this.settle()
  }

  complete(): void {
    this.#finish = () => {
      this.outlet.complete()
    }
    this.settle()
  }

  /** Ends as the source did, once all that it told is told. */
  settle(): void {
    if (this.#finish === undefined) return
    for (const intake of this.#intakes.values()) if (!intake.empty) return
    this.#finish()
  }

  gone({ connection }: { readonly connection: Connection<never> }): void {
    this.#intakes.delete(connection.id)
  }

  cancel(): void {
    for (const intake of this.#intakes.values()) intake.cancel()
    this.#intakes.clear()
  }

  #intake(connection: Connection<never>): Intake {
    const { id } = connection
    let intake = this.#intakes.get(id)
    if (intake === undefined) this.#intakes.set(id, (intake = new Intake(this, connection)))
    return intake
  }
}
