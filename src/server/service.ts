import { Subject, merge, type Observable, type Subscriber } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { AnyEvent, CloseEvent, TypedEvent } from '../connection/event.js'
import { whenFinished } from '../connection/unfinished.js'
import { firstPacket } from '../liveness/first-packet.js'
import { Doors } from './doors.js'
import type { DrainOptions, DrainProgress } from './drain-options.js'
import { Draining, type Drained } from './draining.js'
import { Handling } from './handling.js'
import { Reception, type Keeper, type Received } from './reception.js'
import type { Handler, ServeOptions } from './serve-options.js'
import type { ServerInfo } from './server-info.js'

/** What a server is made of. */
export interface Recipe {
  readonly ports: readonly Observable<TypedEvent>[]
  readonly handler: Handler<unknown> | undefined
  readonly options: ServeOptions<unknown>
}

/** One life of a server: from its first subscriber to its last, or to its end. */
export class Service implements Drained, Keeper {
  readonly doors: Doors
  /** Something that can be asked has changed. */
  readonly changed: () => void
  readonly #recipe: Recipe
  readonly #subscriber: Subscriber<Received>
  readonly #entered = new Subject<Received>()
  readonly #reception: Reception
  readonly #handling: Handling | undefined
  #draining: Draining | undefined

  constructor(recipe: Recipe, subscriber: Subscriber<TypedEvent>, changed: () => void) {
    const { handler, options } = recipe
    this.changed = changed
    this.#recipe = recipe
    this.#subscriber = subscriber
    this.doors = new Doors(options.whenFull === 'close', changed)
    this.#reception = new Reception(this.#entered, this.doors, options, this)
    this.#handling = handler && new Handling(this.#subscriber, handler)
  }

  get guests(): ReadonlyMap<string, Connection<never>> {
    return this.#reception.guests
  }

  /** Whether whoever connects now will be heard. */
  get ready(): boolean {
    const { listeners, asleep } = this.doors
    return listeners.length >= this.#recipe.ports.length && !asleep && this.#draining === undefined
  }

  get info(): ServerInfo {
    const { guests, waiting, peak, accepted, refused, left, bytesRead, bytesWritten } = this.#reception
    const { refused: turnedAway, shed, failures, lastFailure } = this.doors
    return {
      active: guests.size,
      waiting,
      peak,
      accepted,
      refused: { ...refused, files: shed },
      turnedAway,
      left,
      bytesRead,
      bytesWritten,
      failures,
      lastFailure,
    }
  }

  run(): void {
    const { ports, options } = this.#recipe
    const { firstPacketTimeout = 15_000 } = options
    const subscriber = this.#subscriber
    const heard =
      firstPacketTimeout === Infinity ? this.#entered : this.#entered.pipe(firstPacket<Received>(firstPacketTimeout))
    subscriber.add(() => {
      this.#handling?.cancel()
    })
    subscriber.add(heard.subscribe(this.#handling ?? subscriber))
    subscriber.add((merge(...ports) as Observable<AnyEvent>).subscribe(this.#reception))
  }

  /** Starts to drain; what is draining already is aborted. */
  drain(options: DrainOptions<unknown>): Observable<DrainProgress> {
    if (this.#draining === undefined) {
      this.#draining = new Draining(this, options)
      this.#draining.start()
      this.changed()
    } else this.#draining.abort()
    return this.#draining.progress
  }

  /** Nobody is subscribed any more, or all is over. */
  stop(): void {
    this.#draining?.stop()
    this.doors.stop()
  }

  close(): void {
    this.#reception.close()
  }

  /** What operators have in hand comes first. */
  finish(connection: Connection<never>): void {
    whenFinished(connection, () => {
      if (this.#handling === undefined) connection.close('shutdown')
      else this.#handling.finish(connection)
    })
  }

  gone(close: CloseEvent<Connection<never>>): void {
    this.#draining?.closed(close)
  }
}
