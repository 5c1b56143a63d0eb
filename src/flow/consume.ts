import { Observable, from, type ObservableInput, type OperatorFunction } from 'rxjs'
import type { AnyEvent, ConnectionOf, PacketOf, TypedEvent, WithPacket } from '../connection/event.js'
import { besides, callback, checkOptions } from '../connection/options.js'
import { consumeRules, type ConsumeOptions } from './consume-options.js'
import { Consumption } from './consumption.js'
import type { Answers } from './intake.js'

/**
 * Handles the packets of each connection at the pace of the handler, and holds the connection while it is behind:
 * memory stays bounded, and in the end it is the peer that waits.
 *
 * `project` gets a packet and answers a promise, an Observable or a list; what these give takes the place of the
 * packet, as packets of the same connection. Connections do not wait for each other.
 *
 * What a connection tells after its packets (`end`, `close` and the events of other operators, but not `drain`) is told
 * behind them. So the peer's `end` is not answered with ours before its last packet has been, and even a `close` for a
 * failure waits until what had arrived is handled. A project that never finishes would keep it back for ever: give it a
 * `timeout`.
 *
 * A project that throws, or whose answer errors, destroys its own connection with `ERR_HANDLER` and drops what waits
 * there; the others go on. So does one that gives more than 1 024 results before its turn (`concurrency` above 1,
 * `ordered`), with `ERR_RESULT_OVERFLOW`, since an answer can't be slowed: let it give a list as one result.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Answer each line, one at a time for each client
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(
 *   framed(lines()),
 *   consume(async (line, connection) => connection.send(await answer(line))),
 * )
 * ```
 */
export function consume<E extends TypedEvent, R>(
  project: (packet: PacketOf<E>, connection: ConnectionOf<E>) => ObservableInput<R>,
  options: ConsumeOptions = {},
): OperatorFunction<E, WithPacket<E, R>> {
  checkOptions('consume', besides(options, { project }), { project: callback, ...consumeRules }, ['project'])
  const answer: Answers = (packet, connection, told) =>
    from(project(packet as PacketOf<E>, connection as ConnectionOf<E>)).subscribe(told)
  return source =>
    new Observable<TypedEvent>(subscriber => {
      const consumption = new Consumption(subscriber, answer, options)
      subscriber.add(() => {
        consumption.cancel()
      })
      subscriber.add((source as Observable<TypedEvent> as Observable<AnyEvent>).subscribe(consumption))
    }) as Observable<WithPacket<E, R>>
}
