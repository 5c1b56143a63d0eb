import {
  Observable,
  Subject,
  from,
  type ObservableInput,
  type Observer,
  type OperatorFunction,
  type Subscription,
} from 'rxjs'
import type { Connection } from './connection.js'
import { handlerError } from './errors.js'
import type { AnyEvent, ConnectionOf, PacketOf, TypedEvent, WithPacket } from './event.js'

/**
 * Gives each connection a stream of its own: `project` gets its packets and answers what becomes of them.
 *
 * What the answered streams emit takes the place of the packets, on the same connection; all other events pass, the `end` behind what
 * the stream still has to say. While nobody is subscribed to the packets the connection is paused, so a project may wait for something
 * else first. The packets complete at the connection's `end`; its `close` cancels what still runs. A project that throws, or whose
 * stream errors, closes its own connection with `ERR_HANDLER`; the others go on.
 *
 * @example Number the lines of each client
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(
 *   framed(lines()),
 *   perConnection(lines => lines.pipe(map((line, index) => `${index}: ${line}`))),
 * )
 * ```
 */
export function perConnection<E extends TypedEvent, R>(
  project: (packets: Observable<PacketOf<E>>, connection: ConnectionOf<E>) => ObservableInput<R>,
): OperatorFunction<E, WithPacket<E, R>> {
  return source =>
    new Observable(subscriber => {
      const inlets = new Map<string, Inlet<PacketOf<E>>>()
      const pass = (event: AnyEvent | { type: 'packet'; connection: Connection<never>; packet: R }): void => {
        subscriber.next(event as TypedEvent as WithPacket<E, R>)
      }

      const open = (connection: Connection<never>): void => {
        const inlet = new Inlet<PacketOf<E>>(connection)
        inlets.set(connection.id, inlet)
        inlet.run(packets => project(packets, connection as ConnectionOf<E>), {
          next(packet) {
            pass({ type: 'packet', connection, packet })
          },
          error(thrown) {
            inlets.delete(connection.id)
            connection.destroy(handlerError('perConnection', thrown))
          },
          complete() {},
        })
      }

      const close = (connection: Connection<never>): void => {
        inlets.get(connection.id)?.cancel()
        inlets.delete(connection.id)
      }

      const events = source as Observable<TypedEvent> as Observable<AnyEvent>
      subscriber.add(() => {
        for (const inlet of inlets.values()) inlet.cancel()
      })
      subscriber.add(
        events.subscribe({
          next(event) {
            switch (event.type) {
              case 'packet':
                inlets.get(event.connection.id)?.next(event.packet as PacketOf<E>)
                break
              case 'open':
                pass(event)
                if (!subscriber.closed) open(event.connection)
                break
              case 'end': {
                const inlet = inlets.get(event.connection.id)
                if (inlet === undefined) pass(event)
                else
                  inlet.end(() => {
                    pass(event)
                  })
                break
              }
              case 'close':
                close(event.connection)
                pass(event)
                break
              default:
                pass(event)
            }
          },
          error(error: unknown) {
            subscriber.error(error)
          },
          complete() {
            subscriber.complete()
          },
        }),
      )
    })
}

/** One connection's packets on their way into its project. */
class Inlet<In> {
  readonly #connection: Connection<never>
  readonly #packets = new Subject<In>()
  #hold: Subscription | undefined
  #results: Subscription | undefined
  #whenDone: (() => void) | undefined
  #done = false

  constructor(connection: Connection<never>) {
    this.#connection = connection
    this.#hold = connection.pause()
  }

  run<R>(project: (packets: Observable<In>) => ObservableInput<R>, observer: Observer<R>): void {
    const packets = new Observable<In>(subscriber => {
      this.#packets.subscribe(subscriber)
      subscriber.add(() => {
        if (!this.#packets.observed && !this.#done) this.#hold ??= this.#connection.pause()
      })
      this.#release()
    })
    let results: Observable<R>
    try {
      results = from(project(packets))
    } catch (thrown) {
      this.#finish()
      observer.error(thrown)
      return
    }
    this.#results = results.subscribe({
      next(result) {
        observer.next(result)
      },
      error: (thrown: unknown) => {
        this.#finish()
        observer.error(thrown)
      },
      complete: () => {
        this.#finish()
        observer.complete()
      },
    })
    if (this.#done) this.#results.unsubscribe()
  }

  next(packet: In): void {
    this.#packets.next(packet)
  }

  /** No more packets. What the results still have to say comes first: the connection is held for them. */
  end(told: () => void): void {
    this.#packets.complete()
    if (this.#done) told()
    else {
      this.#hold ??= this.#connection.pause()
      this.#whenDone = told
    }
  }

  cancel(): void {
    this.#done = true
    this.#results?.unsubscribe() // First, as a close is no end: it must not be taken for one.
    this.#packets.complete()
    this.#release()
  }

  #finish(): void {
    this.#done = true
    this.#whenDone?.()
    this.#release()
  }

  #release(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.unsubscribe()
  }
}
