import type { Subscriber } from 'rxjs'
import { now } from './clock.js'
import { Deadlines } from './deadlines.js'
import type { Connection, Endpoint } from './connection.js'
import { asError, SluiceError } from './errors.js'
import type { CloseEvent, ConnectionEvent } from './event.js'
import { Link } from './link.js'
import type { ConnectionOptions } from './connection-options.js'
import { Outlet } from './outlet.js'
import type { Surroundings } from './surroundings.js'
import { Sweep } from './sweep.js'
import type { Wire } from './wire.js'

/** Makes a connection: a `Link`, or what a transport has made of it. */
export type MakesLink<In, Out, L extends Link<In, Out> = Link<In, Out>> = (surroundings: Surroundings<In, Out>) => L

/** What the connections of one subscription share: their way out, their options, one timer for each kind of deadline. */
export class Links<In, Out, L extends Link<In, Out> = Link<In, Out>> implements Surroundings<In, Out> {
  readonly outlet: Outlet<ConnectionEvent<In, Connection<Out>>>
  readonly options: Required<ConnectionOptions>
  readonly target: Endpoint | undefined
  readonly startedAt = now()
  readonly closing: Deadlines<Link<In, Out>>
  readonly writing: Sweep<Link<In, Out>>

  readonly #live = new Set<Link<In, Out>>()
  readonly #make: MakesLink<In, Out, L>
  readonly #onGone: (close: CloseEvent<Connection<Out>>) => void

  constructor(
    subscriber: Subscriber<ConnectionEvent<In, Connection<Out>>>,
    options: Required<ConnectionOptions>,
    make: MakesLink<In, Out, L>,
    onGone: (close: CloseEvent<Connection<Out>>) => void,
    target?: Endpoint,
  ) {
    this.outlet = new Outlet(subscriber)
    this.options = options
    this.target = target
    this.#make = make
    this.#onGone = onGone
    const { closeTimeout, writeTimeout } = options
    this.closing = new Deadlines(closeTimeout, link => {
      link.destroy(new SluiceError('ERR_CLOSE_TIMEOUT', `not closed within ${closeTimeout} ms: ${unfinished(link)}`))
    })
    this.writing = new Sweep(
      writeTimeout,
      link => (link.bufferedAmount > 0 ? link.bytesWritten : undefined),
      link => {
        link.destroy(
          new SluiceError('ERR_WRITE_TIMEOUT', `nothing written for ${writeTimeout} ms: ${unfinished(link)}`),
        )
      },
    )
  }

  get size(): number {
    return this.#live.size
  }

  add(): L {
    const link = this.#make(this)
    this.#live.add(link)
    return link
  }

  /** Puts a link on the wire that `start` makes. What is told meanwhile is told when it is there to be sent on. */
  start(link: L, start: (line: L) => Wire<Out>): void {
    this.outlet.hold(() => {
      try {
        link.attach(start(link))
      } catch (thrown) {
        link.closed(asError(thrown))
      }
    })
  }

  gone(link: Link<In, Out>, close: CloseEvent<Connection<Out>>): void {
    this.#live.delete(link)
    this.#onGone(close)
  }

  abandon(): void {
    for (const link of this.#live) link.abandon()
  }
}

/** What has nothing of its own. */
export function plainLink<In, Out>(surroundings: Surroundings<In, Out>): Link<In, Out> {
  return new Link(surroundings)
}

function unfinished(connection: { readonly bufferedAmount: number }): string {
  return connection.bufferedAmount > 0
    ? `${connection.bufferedAmount} bytes wait for the peer to read`
    : 'the peer has not finished sending'
}
