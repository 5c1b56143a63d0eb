import { Observable, type ObservableInput, type OperatorFunction } from 'rxjs'
import type { AnyEvent, ConnectionOf, PacketOf, TypedEvent, WithPacket } from './event.js'
import { Inflows } from './inflows.js'
import { callback, checkOptions } from './options.js'

/**
 * Gives each connection a stream of its own: `project` gets its packets and answers what becomes of them.
 *
 * What the answered streams emit takes the place of the packets, on the same connection; all other events pass, the `end` behind what
 * the stream still has to say. While nobody is subscribed to the packets the connection is paused, so a project may wait for something
 * else first. The packets complete at the connection's `end`; its `close` cancels what still runs. As the `end` waits for the stream, and
 * an orderly `close` for the `end`, let a stream without an end of its own end with the packets. A project that throws, or whose stream
 * errors, closes its own connection with `ERR_HANDLER`; the others go on.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
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
  checkOptions('perConnection', { project }, { project: callback }, ['project'])
  return source =>
    new Observable<TypedEvent>(subscriber => {
      const inflows = new Inflows(subscriber, project as Inflows['project'])
      subscriber.add(() => {
        inflows.cancel()
      })
      subscriber.add((source as Observable<TypedEvent> as Observable<AnyEvent>).subscribe(inflows))
    }) as Observable<WithPacket<E, R>>
}
