import { Observable, type ObservableInput, type OperatorFunction } from 'rxjs'
import type { Connection } from './connection.js'
import { handlerError } from './errors.js'
import type { AnyEvent, ConnectionOf, PacketOf, TypedEvent, WithPacket } from './event.js'
import { Inflow } from './inflow.js'

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
      const inflows = new Map<string, Inflow<PacketOf<E>>>()
      const pass = (event: AnyEvent | { type: 'packet'; connection: Connection<never>; packet: R }): void => {
        subscriber.next(event as TypedEvent as WithPacket<E, R>)
      }

      const open = (connection: Connection<never>): void => {
        const inflow = new Inflow<PacketOf<E>>(connection)
        inflows.set(connection.id, inflow)
        inflow.run(packets => project(packets, connection as ConnectionOf<E>), {
          next(packet) {
            pass({ type: 'packet', connection, packet })
          },
          error(thrown) {
            inflows.delete(connection.id)
            connection.destroy(handlerError('perConnection', thrown))
          },
          complete() {},
        })
      }

      const close = (connection: Connection<never>): void => {
        inflows.get(connection.id)?.cancel()
        inflows.delete(connection.id)
      }

      const events = source as Observable<TypedEvent> as Observable<AnyEvent>
      subscriber.add(() => {
        for (const inflow of inflows.values()) inflow.cancel()
      })
      subscriber.add(
        events.subscribe({
          next(event) {
            switch (event.type) {
              case 'packet':
                inflows.get(event.connection.id)?.next(event.packet as PacketOf<E>)
                break
              case 'open':
                pass(event)
                if (!subscriber.closed) open(event.connection)
                break
              case 'end': {
                const inflow = inflows.get(event.connection.id)
                if (inflow === undefined) pass(event)
                else
                  inflow.end(() => {
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
