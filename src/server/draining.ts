import { ReplaySubject, Subscription, type Observable } from 'rxjs'
import { chance } from '../connection/chance.js'
import { after } from '../connection/clock.js'
import type { Connection } from '../connection/connection.js'
import { asError, handlerError, SluiceError } from '../connection/errors.js'
import type { CloseEvent } from '../connection/event.js'
import type { DrainOptions, DrainProgress } from './drain-options.js'

/** How long all batches may take, in milliseconds. */
const LONGEST_SPREAD = 30_000

/** What is drained. */
export interface Drained {
  /** What is open, by id. */
  readonly guests: ReadonlyMap<string, Connection<never>>
  /** Lets nobody in any more. */
  close(): void
  /** Lets a connection finish what is in flight, and then closes it. */
  finish(connection: Connection<never>): void
}

/** A server on its way to its end. */
export class Draining {
  readonly #progress = new ReplaySubject<DrainProgress>(1)

  readonly #drained: Drained
  readonly #options: DrainOptions<unknown>
  readonly #announcement: ((connection: Connection<never>) => unknown) | undefined
  readonly #timers = new Subscription()
  #phase: DrainProgress['phase'] = 'delay'
  #finished = 0
  #aborted = 0
  #bytesLost = 0
  #fault: Error | undefined

  constructor(drained: Drained, options: DrainOptions<unknown>) {
    this.#drained = drained
    this.#options = options
    this.#announcement = options.announce as ((connection: Connection<never>) => unknown) | undefined
  }

  /** The latest, and what follows. */
  get progress(): Observable<DrainProgress> {
    return this.#progress
  }

  start(): void {
    const { delay = 0 } = this.#options
    if (delay === 0) {
      this.#suspend()
      return
    }
    this.#tell('delay')
    this.#after(delay, () => {
      this.#suspend()
    })
  }

  closed({ error, bytesUnsent }: CloseEvent<Connection<never>>): void {
    if (this.#phase === 'delay' || this.#phase === 'done') return
    if (error === undefined) this.#finished += 1
    else this.#aborted += 1
    this.#bytesLost += bytesUnsent
    if (this.#isEmpty()) this.#done()
    else this.#tell(this.#phase)
  }

  /** Destroys what is left, at once. */
  abort(): void {
    if (this.#phase === 'done' || this.#phase === 'abort') return
    if (this.#phase === 'delay') this.#drained.close()
    this.#timers.unsubscribe()
    this.#tell('abort')
    for (const connection of [...this.#drained.guests.values()]) {
      connection.close('shutdown')
      connection.destroy(new SluiceError('ERR_DRAINED', 'it had not finished when its server was to be gone'))
    }
    this.stop()
  }

  /** It is over, whatever is left: a close that is told later has been counted. */
  stop(): void {
    if (this.#isDone()) return
    for (const { bufferedAmount } of this.#drained.guests.values()) {
      this.#aborted += 1
      this.#bytesLost += bufferedAmount
    }
    this.#done()
  }

  #suspend(): void {
    const { deadline = 15_000 } = this.#options
    this.#phase = 'announce'
    this.#drained.close()
    if (deadline !== Infinity) {
      this.#after(deadline, () => {
        this.abort()
      })
    }
    const connections = [...this.#drained.guests.values()]
    if (connections.length === 0) this.#done()
    else this.#announce(connections, this.#gap(connections.length))
  }

  /** @param gap the most that lies between two batches */
  #announce(connections: readonly Connection<never>[], gap: number): void {
    const { batch = 10_000 } = this.#options
    const later = connections.slice(batch)
    this.#tell(later.length > 0 ? 'announce' : 'finish')
    for (const connection of connections.slice(0, batch)) this.#ask(connection)
    if (later.length === 0 || this.#isDone()) return
    this.#after(gap * (1 - this.#share() / 2), () => {
      this.#announce(later, gap)
    })
  }

  #gap(connections: number): number {
    const { batch = 10_000, spread = 2_000, deadline = 15_000 } = this.#options
    const gaps = Math.ceil(connections / batch) - 1
    return gaps === 0 ? 0 : Math.min(spread, Math.min(LONGEST_SPREAD, deadline / 2) / gaps)
  }

  /** Without one the drain goes on, as slowly as it may: that it loses nothing is more than that it is spread. */
  #share(): number {
    try {
      return chance('drain', this.#options.random ?? Math.random)
    } catch (thrown) {
      this.#fault ??= asError(thrown)
      return 0
    }
  }

  #ask(connection: Connection<never>): void {
    if (!this.#drained.guests.has(connection.id)) return
    try {
      const packet = this.#announcement?.(connection)
      if (packet !== undefined) connection.send(packet as never)
    } catch (thrown) {
      connection.destroy(handlerError('the announce of drain', thrown))
    }
    this.#drained.finish(connection)
  }

  #tell(phase: Exclude<DrainProgress['phase'], 'done'>): void {
    this.#phase = phase
    this.#progress.next({ phase, remaining: this.#drained.guests.size })
  }

  #done(): void {
    this.#phase = 'done'
    this.#timers.unsubscribe()
    const [finished, aborted, bytesLost] = [this.#finished, this.#aborted, this.#bytesLost]
    this.#progress.next({ phase: 'done', remaining: 0, finished, aborted, bytesLost })
    if (this.#fault === undefined) this.#progress.complete()
    else this.#progress.error(this.#fault)
  }

  #after(delay: number, task: () => void): void {
    this.#timers.add(after(delay, task))
  }

  #isEmpty(): boolean {
    return this.#drained.guests.size === 0
  }

  /** A function, since it is asked again: what is told in between may end all. */
  #isDone(): boolean {
    return this.#phase === 'done'
  }
}
