import { isObservable, type Observer, type Subscriber, type Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { SluiceError, handlerError } from '../connection/errors.js'
import type { AnyEvent } from '../connection/event.js'
import { Outlet } from '../connection/outlet.js'
import { AsyncFeed } from './async-feed.js'
import type { Feed, Feeder } from './feed.js'
import { PulledFeed } from './pulled-feed.js'
import { PushedFeed } from './pushed-feed.js'
import type { DroppedEvent, PushOptions } from './send-all-options.js'

type Told = AnyEvent | DroppedEvent<Connection<never>>

/**
 * What `sendAll` does for one subscriber: it starts a feed for each connection that opens, and tells it of drains and
 * of the close.
 */
export class Feeding implements Observer<AnyEvent>, Feeder {
  readonly #outlet: Outlet<Told>
  readonly #sourceOf: (connection: Connection<never>) => unknown
  readonly #options: Partial<PushOptions<unknown>>
  readonly #feeds = new Map<string, Feed>()
  /** On connections whose peer has finished sending before their feed has. */
  readonly #holds = new Map<string, Subscription>()

  constructor(
    subscriber: Subscriber<Told>,
    sourceOf: (connection: Connection<never>) => unknown,
    options: Partial<PushOptions<unknown>>,
  ) {
    this.#outlet = new Outlet(subscriber)
    this.#sourceOf = sourceOf
    this.#options = options
  }

  next(event: AnyEvent): void {
    switch (event.type) {
      case 'open':
        this.#outlet.tell(event)
        this.#outlet.run(() => this.#start(event.connection))
        break
      case 'drain':
        this.#outlet.tell(event)
        this.#outlet.run(() => this.#goOn(event.connection))
        break
      case 'end':
        this.#hold(event.connection)
        this.#outlet.tell(event)
        break
      case 'close':
        this.#outlet.run(() => this.#stop(event.connection))
        this.#outlet.tell(event)
        break
      default:
        this.#outlet.tell(event)
    }
  }

  error(error: unknown): void {
    this.#outlet.error(error)
  }

  complete(): void {
    this.#outlet.complete()
  }

  finished(feed: Feed): void {
    const { connection } = feed
    this.#tellDropped(feed)
    if (this.#options.end === 'end') connection.end()
    else if (this.#options.end === 'close') connection.close()
    this.#letGo(connection)
  }

  released({ connection }: Feed): void {
    this.#letGo(connection)
  }

  cancel(): void {
    for (const feed of this.#feeds.values()) feed.cancel()
  }

  #start(connection: Connection<never>): void {
    if (this.#outlet.closed || connection.state !== 'open') return
    try {
      const feed = this.#feedOf(connection)
      this.#feeds.set(connection.id, feed)
      feed.start()
    } catch (thrown) {
      connection.destroy(handlerError('the source of sendAll', thrown))
    }
  }

  #goOn(connection: Connection<never>): void {
    const feed = this.#feeds.get(connection.id)
    if (feed === undefined) return
    feed.drained()
    this.#tellDropped(feed)
    if (!feed.unfinished) this.#letGo(connection)
  }

  /** Law 12: the peer's end is answered with ours when it was told, and not while the connection is held. */
  #hold(connection: Connection<never>): void {
    const feed = this.#feeds.get(connection.id)
    feed?.goOn() // Where we have closed the connection, it sees that now.
    if (feed?.unfinished === true) this.#holds.set(connection.id, connection.pause())
  }

  #letGo({ id }: Connection<never>): void {
    const hold = this.#holds.get(id)
    this.#holds.delete(id)
    hold?.unsubscribe()
  }

  #stop(connection: Connection<never>): void {
    const feed = this.#feeds.get(connection.id)
    if (feed === undefined) return
    this.#feeds.delete(connection.id)
    feed.cancel()
    this.#tellDropped(feed)
  }

  #tellDropped(feed: Feed): void {
    const { connection, dropped } = feed
    feed.dropped = 0
    if (dropped > 0) this.#outlet.tell({ type: 'dropped', connection, count: dropped })
  }

  #feedOf(connection: Connection<never>): Feed {
    const source = this.#sourceOf(connection)
    const sender = connection as Connection<unknown>
    const { overflow, ...bounds } = this.#options
    if (isObservable(source)) {
      if (overflow === undefined) throw unnamed()
      return new PushedFeed(sender, this, source, { overflow, ...bounds })
    }
    if (isAsyncIterable(source)) return new AsyncFeed(sender, this, source)
    if (isIterable(source)) return new PulledFeed(sender, this, source)
    throw new TypeError(
      'sendAll sends from an iterable, an async iterable or an Observable; a packet alone goes in a list',
    )
  }
}

function unnamed(): SluiceError {
  return new SluiceError(
    'ERR_OPTIONS',
    'sendAll: overflow is missing, which must say what becomes of an Observable that is too fast',
  )
}

function isIterable(source: unknown): source is Iterable<unknown> {
  return typeof source === 'object' && source !== null && Symbol.iterator in source
}

function isAsyncIterable(source: unknown): source is AsyncIterable<unknown> {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source
}
