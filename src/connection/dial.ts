import { Observable } from 'rxjs'
import { connectionOptions, type ConnectionOptions } from './connection-options.js'
import type { Connection, Endpoint } from './connection.js'
import type { CloseEvent, ConnectionEvent } from './event.js'
import type { Link } from './link.js'
import { Links, plainLink, type MakesLink } from './links.js'
import type { Line, Wire } from './wire.js'

/**
 * Makes a dialling stream from a function that starts one dial: what a transport's `connect` returns.
 *
 * Emits `connecting`, then what the wire tells, then the `close`; after a `close` with an error it errors with that, else it completes.
 *
 * @example A program: what it prints are the packets
 * ```ts
 * dial({ address: 'program' }, {}, line => {
 *   const { stdin, stdout } = child
 *   child.on('spawn', () => line.opened()).on('close', () => line.closed())
 *   stdout.on('data', (bytes: Uint8Array) => line.received(bytes, bytes.length)).on('end', () => line.ended())
 *   return {
 *     size: bytes => bytes.length,
 *     write: bytes => stdin.write(bytes, () => line.written(bytes.length)),
 *     pause: () => stdout.pause(),
 *     resume: () => stdout.resume(),
 *     end: () => stdin.end(),
 *     destroy: () => child.kill(),
 *   }
 * })
 * ```
 */
export function dial<In = Uint8Array, Out = Uint8Array>(
  target: Endpoint,
  options: ConnectionOptions,
  start: (line: Line<In>) => Wire<Out>,
): Observable<ConnectionEvent<In, Connection<Out>>> {
  return dialAs(plainLink, target, options, start)
}

/** The same, for a transport whose connections can do more than others. */
export function dialAs<In, Out, L extends Link<In, Out> = Link<In, Out>>(
  make: MakesLink<In, Out, L>,
  target: Endpoint,
  options: ConnectionOptions,
  start: (link: L) => Wire<Out>,
): Observable<ConnectionEvent<In, Connection<Out>>> {
  return new Observable(subscriber => {
    const finish = ({ error }: CloseEvent<Connection<Out>>) => {
      if (error === undefined) links.outlet.complete()
      else links.outlet.error(error)
    }
    const links = new Links<In, Out, L>(subscriber, connectionOptions(options), make, finish, target)
    const link = links.add()
    subscriber.add(() => {
      links.abandon()
    })
    links.outlet.run(() => {
      links.outlet.next({ type: 'connecting', connection: link })
    })
    if (link.state !== 'connecting') return
    links.start(link, start)
  })
}
