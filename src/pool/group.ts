import { Observable } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { ConnectionOf, SentOf, TypedEvent } from '../connection/event.js'
import { checkOptions, oneOf } from '../connection/options.js'
import { endow } from './endow.js'
import type { Tally } from './roster.js'
import type { Overflow } from './seat.js'
import { Sharing } from './sharing.js'

/** To whom a packet goes, and what becomes of those who are behind. */
export interface BroadcastOptions {
  /** Who is left out: whoever has said it, in a chat. */
  readonly except?: Connection<never>
  /**
   * What becomes of a connection that is behind: that has answered `false`, and has not drained since. With `fail` the
   * packet waits there like any other, and beyond `maxBuffered` the connection is destroyed with `ERR_SEND_OVERFLOW`.
   * With `skip` it misses the packet: for what is soon out of date. Default `fail`.
   */
  readonly overflow?: Overflow
}

/**
 * A connection stream that is shared, and what is open in it now.
 *
 * @typeParam E the events
 */
export interface ConnectionGroup<E extends TypedEvent> extends Observable<E> {
  /** The connections that are open, oldest first: a list of this moment. There are none while nobody is subscribed. */
  readonly connections: readonly ConnectionOf<E>[]

  /** The open connection with this id. */
  connection(id: string): ConnectionOf<E> | undefined

  /**
   * Sends a packet to all that are open, and answers how many took it and how many missed it.
   *
   * It is encoded once for each codec, and what is broadcast in one turn costs each connection one write. Nobody waits
   * for anybody: a connection that is behind is dealt with by `overflow`. What a broadcast causes (a `drain`, the
   * `close` of one that failed) is told when all have been sent it, so that each of them gets all packets in the same
   * order. A packet that can't be encoded throws, and nobody gets it; but a codec that was chosen per connection
   * encodes on its own, and its connection alone misses what it can't encode.
   *
   * @throws `SluiceError` with code `ERR_OPTIONS`
   */
  broadcast(packet: SentOf<E>, options?: BroadcastOptions): Readonly<Tally>
}

/**
 * Shares a stream among all who subscribe, keeps a list of what is open in it, and sends to all of that.
 *
 * The first subscriber starts the stream and the last to leave ends it; who comes in between hears what happens from
 * then on. After an end it can be subscribed anew. Subscribing to what is not shared would dial, or bind, once more.
 *
 * @example A chat
 * ```ts
 * const room = group(tcp.listen({ port: 4000 }).pipe(framed(lines())))
 * room.subscribe(event => {
 *   if (event.type === 'packet') room.broadcast(event.packet, { except: event.connection })
 * })
 * ```
 */
export function group<E extends TypedEvent>(stream: Observable<E>): ConnectionGroup<E> {
  return groupOf(stream, () => true).group
}

/** What a pool is made of: a group, and a way to keep it going without hearing anything. */
export interface Kept<E extends TypedEvent> {
  readonly group: ConnectionGroup<E>
  /** Starts the group if need be, and answers what is to be let go of. */
  readonly keep: () => Pick<Sharing<E>, 'letGo'>
}

/** @param receives which connections are to have what is for all */
export function groupOf<E extends TypedEvent>(
  stream: Observable<E>,
  receives: (connection: ConnectionOf<E>) => boolean,
): Kept<E> {
  let sharing: Sharing<E> | undefined
  const enter = (join: (joined: Sharing<E>) => void): Sharing<E> => {
    const running = sharing
    const joined =
      running ??
      new Sharing<E>(receives, () => {
        if (sharing === joined) sharing = undefined
      })
    sharing = joined
    join(joined)
    if (running === undefined) joined.start(stream)
    return joined
  }
  const shared = new Observable<E>(subscriber => {
    enter(joined => {
      joined.join(subscriber)
    })
  })
  const group = endow(shared, {
    get connections() {
      return sharing?.roster.connections ?? []
    },
    connection: (id: string) => sharing?.roster.connection(id),
    broadcast(packet: SentOf<E>, options: BroadcastOptions = {}) {
      checkOptions('broadcast', options, rules)
      const { except, overflow = 'fail' } = options
      const here = sharing
      return here?.hold(() => here.roster.broadcast(packet, except, overflow)) ?? { taken: 0, missed: 0 }
    },
  })
  return { group, keep: () => enter(keepGoing) }
}

function keepGoing(sharing: Pick<Sharing<never>, 'keep'>): void {
  sharing.keep()
}

const rules = {
  except: (value: unknown) => (typeof value === 'object' && value !== null ? undefined : 'must be a connection'),
  overflow: oneOf('fail', 'skip'),
}
