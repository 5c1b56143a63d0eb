import type { Observable, ObservableInput, Observer, Subscriber } from 'rxjs'
import type { Connection } from './connection.js'
import { handlerError } from './errors.js'
import type { AnyEvent, EndEvent } from './event.js'
import { inTurn, waitTurn, type Sharer } from './in-turn.js'
import { Inflow } from './inflow.js'
import { Outlet } from './outlet.js'

/** What `perConnection` does for one subscriber: it leads each connection's packets to its project, and tells what comes of them. */
export class Inflows implements Observer<AnyEvent>, Sharer {
  readonly project: (packets: Observable<unknown>, connection: Connection<never>) => ObservableInput<unknown>
  readonly #outlet: Outlet<AnyEvent>
  readonly #inflows = new Map<string, Inflow<unknown>>()
  readonly #told: Sharer = {
    pass: event => {
      this.#tell(event)
    },
  }
  /** The subscriber is being told something. */
  #telling = false

  constructor(subscriber: Subscriber<AnyEvent>, project: Inflows['project']) {
    this.#outlet = new Outlet(subscriber)
    this.project = project
  }

  next(event: AnyEvent): void {
    inTurn(this.#outlet, event, this)
  }

  error(error: unknown): void {
    this.#outlet.error(error)
  }

  complete(): void {
    this.#outlet.complete()
  }

  pass(event: AnyEvent): void {
    switch (event.type) {
      case 'packet':
        this.#inflows.get(event.connection.id)?.next(event.packet)
        break
      case 'open':
        this.#tell(event)
        if (!this.#outlet.closed) this.#open(event.connection)
        break
      case 'end':
        this.#end(event)
        break
      case 'close':
        this.#close(event.connection)
        this.#tell(event)
        break
      default:
        this.#tell(event)
    }
  }

  cancel(): void {
    for (const inflow of this.#inflows.values()) inflow.cancel()
  }

  #open(connection: Connection<never>): void {
    const inflow = new Inflow<unknown>(connection)
    this.#inflows.set(connection.id, inflow)
    inflow.run(packets => this.project(packets, connection), {
      next: packet => {
        this.#tell({ type: 'packet', connection, packet })
      },
      error: thrown => {
        this.#inflows.delete(connection.id)
        connection.destroy(handlerError('perConnection', thrown))
      },
      complete: () => undefined,
    })
  }

  #end(event: EndEvent<Connection<never>>): void {
    const inflow = this.#inflows.get(event.connection.id)
    if (inflow === undefined) this.#tell(event)
    else {
      inflow.end(() => {
        this.#tell(event)
      })
    }
  }

  #close({ id }: Connection<never>): void {
    this.#inflows.get(id)?.cancel()
    this.#inflows.delete(id)
  }

  /** What a project says comes in its turn: while it is given something, or at a time of its own. */
  #tell(event: AnyEvent): void {
    if (this.#telling) waitTurn(this.#outlet, event, this.#told)
    else if (this.#outlet.busy) this.#tellNow(event)
    else {
      this.#outlet.enter()
      this.#tellNow(event)
      this.#outlet.leave()
    }
  }

  #tellNow(event: AnyEvent): void {
    this.#telling = true
    this.#outlet.next(event)
    this.#telling = false
  }
}
