import { filter, map, type Observable, type OperatorFunction } from 'rxjs'
import type { AnyEvent, PacketEvent, PacketOf, TypedEvent } from './event.js'

/**
 * Keeps the packets and drops everything else, the connections they came on included.
 *
 * @example Print what arrives
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(lines()), packets()).subscribe(console.log)
 * ```
 */
export function packets<E extends TypedEvent>(): OperatorFunction<E, PacketOf<E>> {
  return source =>
    (source as Observable<TypedEvent> as Observable<AnyEvent>).pipe(
      filter((event): event is PacketEvent<PacketOf<E>> => event.type === 'packet'),
      map(event => event.packet),
    )
}
