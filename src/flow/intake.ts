import type { Observer, Unsubscribable } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, CloseEvent } from '../connection/event.js'
import type { Outlet } from '../connection/outlet.js'
import { unfinishedOn, type Unfinished } from '../connection/unfinished.js'
import { Brake } from './brake.js'
import { Task, type Workplace } from './task.js'

export type Answers = (packet: unknown, connection: Connection<never>, told: Observer<unknown>) => Unsubscribable

/** How the packets of all connections are handled. */
export interface Handling {
  /** Tells what comes of a packet. */
  readonly answer: Answers
  readonly concurrency: number
  readonly prefetch: number
  readonly ordered: boolean
  readonly outlet: Outlet<AnyEvent>
  /** Something was told that had waited: it may have been the last. */
  settle(): void
  gone(intake: { readonly connection: Connection<never> }): void
}

/**
 * One connection's packets from their arrival until what came of them is told, and between them the events that must
 * not overtake.
 */
export class Intake implements Workplace {
  readonly #handling: Handling
  readonly connection: Connection<never>
  readonly #brake: Brake
  readonly #unfinished: Unfinished
  /** Oldest first; of the first `#begun`, all tasks were started. */
  #line: (Task | AnyEvent)[] = []
  #begun = 0
  /** Tasks that were started and are still in the line: what came of them may have to wait for its turn. */
  #inHand = 0
  #working = false
  #moreToDo = false
  #failed = false

  constructor(handling: Handling, connection: Connection<never>) {
    this.#handling = handling
    this.connection = connection
    this.#brake = new Brake(connection, handling.prefetch)
    this.#unfinished = unfinishedOn(connection)
  }

  get empty(): boolean {
    return this.#line.length === 0
  }

  take(packet: unknown): void {
    if (this.#failed) return
    this.#unfinished.begin()
    this.#queue(new Task(this, packet))
  }

  /** Takes an event that has to stay behind the packets. */
  follow(event: AnyEvent): void {
    // Law 12: the peer's end is answered with ours when it was told, and not while the connection is held.
    if (event.type === 'end') this.#brake.keep()
    this.#queue(event)
  }

  /** Starts what may start and tells what may be told. What this brings about on the way is done in the same loop. */
  work(): void {
    this.#moreToDo = true
    if (this.#working) return
    this.#working = true
    while (this.#moreToDo) {
      this.#moreToDo = false
      do this.#tellWhatIsDone()
      while (this.#startNext())
      this.#brake.waiting(this.#waiting)
    }
    this.#working = false
    this.#handling.settle()
  }

  answer(packet: unknown, task: Task): Unsubscribable {
    return this.#handling.answer(packet, this.connection, task)
  }

  tell(result: unknown): void {
    this.#handling.outlet.tell({ type: 'packet', connection: this.connection, packet: result })
  }

  finished(task: Task): void {
    if (!this.#handling.ordered) this.#remove(task)
    this.work()
  }

  isNext(task: Task): boolean {
    return !this.#handling.ordered || this.#line[0] === task
  }

  fail(error: Error): void {
    const close = this.#line.find(entry => !(entry instanceof Task) && entry.type === 'close')
    this.#failed = true
    this.cancel()
    if (close === undefined) this.connection.destroy(error)
    else this.follow(failedBy(error, close as CloseEvent<Connection<never>>))
  }

  cancel(): void {
    const line = this.#line
    this.#line = []
    this.#begun = this.#inHand = 0
    for (const entry of line) {
      if (!(entry instanceof Task)) continue
      entry.cancel()
      this.#unfinished.end()
    }
    this.#brake.release()
  }

  #queue(entry: Task | AnyEvent): void {
    this.#line.push(entry)
    if (this.#working) this.#brake.waiting(this.#waiting)
    this.work()
  }

  #startNext(): boolean {
    while (this.#inHand < this.#handling.concurrency) {
      const entry = this.#line[this.#begun]
      if (entry === undefined) return false
      this.#begun += 1
      if (!(entry instanceof Task)) continue
      this.#inHand += 1
      entry.run()
      return true
    }
    return false
  }

  #tellWhatIsDone(): void {
    for (let [first] = this.#line; first !== undefined; [first] = this.#line) {
      if (first instanceof Task) {
        first.catchUp()
        if (this.#line[0] !== first) continue // Who was told of a result has made all of this fail.
        if (!first.done) return
      }
      this.#remove(first)
      if (!(first instanceof Task)) this.#pass(first)
    }
  }

  #remove(entry: Task | AnyEvent): void {
    const index = this.#line.indexOf(entry)
    if (index === 0) this.#line.shift()
    else this.#line.splice(index, 1)
    if (index < this.#begun) this.#begun -= 1
    if (!(entry instanceof Task)) return
    this.#inHand -= 1
    this.#finish()
  }

  /** Whoever waits for this may close the connection: what was told before it comes first. */
  #finish(): void {
    const { outlet } = this.#handling
    if (!outlet.busy) this.#unfinished.end()
    else {
      outlet.later(() => {
        this.#unfinished.end()
      })
    }
  }

  /** Packets that nobody handles yet, and the events between and behind them: a peer may be able to cause those, too. */
  get #waiting(): number {
    return this.#line.length - this.#inHand
  }

  #pass(event: AnyEvent): void {
    const { outlet } = this.#handling
    if (event.type === 'close') this.#handling.gone(this)
    outlet.tell(event)
    if (event.type !== 'end') return
    outlet.run(() => {
      this.#brake.release()
    })
  }
}

/** The connection is gone, so that its close has to report what else went wrong. */
function failedBy(error: Error, close: CloseEvent<Connection<never>>): CloseEvent<Connection<never>> {
  return { ...close, error: close.error ?? error, reason: close.reason === 'remote' ? 'error' : close.reason }
}
