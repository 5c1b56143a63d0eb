import { filter, map, type Observable, type OperatorFunction } from 'rxjs'
import type { AnyEvent, PacketEvent, PacketOf, TypedEvent } from '../connection/event.js'
import { isControl, type ControlMessage } from './message.js'

/**
 * Keeps the messages and drops everything else: events, the connections they came on, pings and pongs.
 *
 * @example Print what arrives
 * ```ts
 * webSocket.connect('ws://localhost:4000').pipe(messages()).subscribe(console.log)
 * ```
 */
export function messages<E extends TypedEvent>(): OperatorFunction<E, Exclude<PacketOf<E>, ControlMessage>> {
  return source =>
    (source as Observable<TypedEvent> as Observable<AnyEvent>).pipe(
      filter((event): event is PacketEvent<PacketOf<E>> => event.type === 'packet' && !isControl(event.packet)),
      map(event => event.packet as Exclude<PacketOf<E>, ControlMessage>),
    )
}
