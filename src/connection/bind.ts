import { Observable } from 'rxjs'
import { connectionOptions, type ConnectionOptions } from './connection-options.js'
import type { Connection } from './connection.js'
import type { ConnectionEvent } from './event.js'
import type { Link } from './link.js'
import { Links, plainLink, type MakesLink } from './links.js'
import type { Listener } from './listener.js'
import type { Line, Wire } from './wire.js'

/** Where a transport tells what happens on a bound port. */
export interface Host<in In = Uint8Array, in out Out = Uint8Array, L extends Line<In> = Line<In>> {
  /** Bound. */
  listening(listener: Listener): void
  /** Takes in a connection and answers its line; its `open` follows when that is told `opened`. */
  accept(start: (line: L) => Wire<Out>): L
  /** The port could not be bound, or is lost. */
  failed(error: Error): void
  /** No more will be accepted. */
  closed(): void
}

/**
 * Makes a listening stream from a function that binds a port and answers how to release it: what a transport's `listen` returns.
 *
 * It never errors because of a peer; it completes when the listener and the last of its connections have closed.
 *
 * @example Whatever comes in at a door of your own
 * ```ts
 * bind({}, host => {
 *   const gate = new Gate<Duplex>({
 *     backlog: 511,
 *     endpoint: () => ({ address: 'door' }),
 *     accept: socket => host.accept(line => wireOf(socket, line)),
 *     refuse: socket => socket.destroy(),
 *     close: () => host.closed(),
 *   })
 *   door.on('connection', (socket: Duplex) => gate.offer(socket))
 *   host.listening(gate)
 *   return () => door.removeAllListeners('connection')
 * })
 * ```
 */
export function bind<In = Uint8Array, Out = Uint8Array>(
  options: ConnectionOptions,
  start: (host: Host<In, Out>) => () => void,
): Observable<ConnectionEvent<In, Connection<Out>>> {
  return bindAs(plainLink, options, start)
}

/** The same, for a transport whose connections can do more than others. */
export function bindAs<In, Out, L extends Link<In, Out> = Link<In, Out>>(
  make: MakesLink<In, Out, L>,
  options: ConnectionOptions,
  start: (host: Host<In, Out, L>) => () => void,
): Observable<ConnectionEvent<In, Connection<Out>>> {
  return new Observable(subscriber => {
    let over = false
    const completeWhenEmpty = () => {
      if (over && links.size === 0) links.outlet.complete()
    }
    const links = new Links<In, Out, L>(subscriber, connectionOptions(options), make, completeWhenEmpty)
    subscriber.add(() => {
      links.abandon()
    })
    const host: Host<In, Out, L> = {
      listening(listener) {
        links.outlet.run(() => {
          links.outlet.next({ type: 'listening', listener })
        })
      },
      accept(startWire) {
        const link = links.add()
        links.start(link, startWire)
        if (subscriber.closed) link.abandon()
        return link
      },
      failed(error) {
        links.outlet.error(error)
      },
      closed() {
        over = true
        completeWhenEmpty()
      },
    }
    subscriber.add(start(host))
  })
}
