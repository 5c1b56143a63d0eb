import { catchError, concatMap, EMPTY, filter, map, Observable, share, Subscription, tap } from 'rxjs'
import type { Connection, ConnectionEvent, ConnectionOptions, ConnectionStream, TypedEvent } from 'sluice'
import type { Candidate } from 'sluice/testing'

/** Makes of a transport that keeps the laws one that breaks one of them, in one way. */
export interface LawBreaker {
  readonly law: number
  readonly how: string
  readonly spoil: (good: Candidate) => Candidate
}

export const lawBreakers: readonly LawBreaker[] = [
  {
    law: 1,
    how: 'tells the close twice',
    spoil: events(concatMap(event => (event.type === 'close' ? [event, event] : [event]))),
  },
  { law: 1, how: 'tells no connecting', spoil: events(filter(event => event.type !== 'connecting')) },
  {
    law: 1,
    how: 'tells a packet behind the end',
    spoil: events(concatMap(event => (event.type === 'end' ? [event, latePacket(event.connection)] : [event]))),
  },
  {
    law: 1,
    how: 'sends after the close',
    spoil: handles(connection => ({ send: packet => connection.send(packet) || connection.state === 'closed' })),
  },
  {
    law: 2,
    how: 'completes a dial that has failed',
    spoil: good => ({ ...good, connect: (to, options) => good.connect(to, options).pipe(catchError(() => EMPTY)) }),
  },
  {
    law: 2,
    how: 'ends the listening stream when a connection fails',
    spoil: good => ({ ...good, listen: options => good.listen(options).pipe(tap(throwErrorOfClose)) }),
  },
  {
    law: 2,
    how: 'closes the connections with the listener',
    spoil: good => ({
      ...good,
      listen: options =>
        remembering(good.listen(options), (event, open) => {
          if (event.type !== 'listening') return event
          return { ...event, listener: overridden(event.listener, { close: () => closeAll(event.listener, open) }) }
        }),
    }),
  },
  { law: 3, how: 'shares one connection among its subscribers', spoil: events(share()) },
  { law: 3, how: 'goes on when it is unsubscribed from', spoil: events(neverLeft) },
  { law: 3, how: 'aborts when it is unsubscribed from', spoil: events(abortedWhenLeft) },
  {
    law: 3,
    how: 'aborts where it should close',
    spoil: handles(connection => ({
      close: () => {
        connection.destroy()
      },
    })),
  },
  {
    law: 3,
    how: 'closes where it should abort',
    spoil: handles(connection => ({
      destroy: () => {
        connection.close()
      },
    })),
  },
  { law: 3, how: 'knows no deadline', spoil: options({ closeTimeout: Infinity }) },
  {
    law: 3,
    how: 'does not read on once it has closed',
    spoil: handles(connection => ({
      close: () => {
        connection.pause()
        connection.close()
      },
    })),
  },
  {
    law: 4,
    how: 'always answers that there is room',
    spoil: handles(connection => ({ send: packet => connection.send(packet) || connection.state === 'open' })),
  },
  { law: 4, how: 'tells no drain', spoil: events(filter(event => event.type !== 'drain')) },
  {
    law: 4,
    how: 'tells each drain twice',
    spoil: events(concatMap(event => (event.type === 'drain' ? [event, event] : [event]))),
  },
  { law: 4, how: 'queues without an end', spoil: options({ maxBuffered: Infinity }) },
  { law: 4, how: 'counts nothing that waits', spoil: handles(() => ({ bytesAccepted: 0, bufferedAmount: 0 })) },
  { law: 5, how: 'calls every connection the same', spoil: handles(() => ({ id: 'connection' })) },
  {
    law: 5,
    how: 'has another handle in each event',
    spoil: events(
      map(event => ('connection' in event ? { ...event, connection: overridden(event.connection, {}) } : event)),
    ),
  },
  { law: 6, how: 'drops what it does not know', spoil: good => ({ ...good, operator: filter(isKnown) }) },
  {
    law: 7,
    how: 'holds all that is accepted while the listener is paused',
    spoil: good => ({ ...good, listen: place => good.listen({ ...place, backlog: Infinity }) }),
  },
  { law: 7, how: 'reads while it is paused', spoil: handles(() => ({ pause: () => new Subscription() })) },
  { law: 7, how: 'lets more wait than it may', spoil: options({ maxBuffered: Infinity }) },
  {
    law: 8,
    how: 'closes them all when the handler of one throws',
    spoil: good => ({
      ...good,
      listen: options =>
        remembering(good.listen(options), (event, open) => {
          if (event.type === 'close' && event.error !== undefined) for (const connection of open) connection.destroy()
          return event
        }),
    }),
  },
  { law: 9, how: 'does not count what it reads', spoil: handles(() => ({ bytesRead: 0 })) },
  { law: 9, how: 'does not count what it writes', spoil: handles(() => ({ bytesWritten: 0 })) },
  { law: 10, how: 'does not pause', spoil: handles(() => ({ pause: () => new Subscription() })) },
  { law: 10, how: 'reads on when the first of its holders lets go', spoil: handles(pausedByOne) },
  { law: 11, how: 'tells what happens inside of next inside of it', spoil: events(closedInside) },
  {
    law: 12,
    how: 'ends before its user has seen the end',
    spoil: events(
      tap(event => {
        if (event.type === 'end') event.connection.end()
      }),
    ),
  },
  { law: 12, how: 'never stays half open', spoil: options({ halfOpen: false }) },
  { law: 12, how: 'always stays half open', spoil: options({ halfOpen: true }) },
  { law: 13, how: 'reads into the same memory again and again', spoil: events(reread) },
]

/** Wraps as the others do, and breaks nothing. */
export const unspoilt = handles(() => ({}))

/** Changes what both streams tell. */
function events(change: (stream: ConnectionStream) => ConnectionStream): LawBreaker['spoil'] {
  return good => ({
    ...good,
    listen: options => change(good.listen(options)),
    connect: (to, options) => change(good.connect(to, options)),
  })
}

/** Changes what the handles do. */
function handles(change: (connection: Connection) => Partial<Connection>): LawBreaker['spoil'] {
  return events(stream => withHandles(stream, change))
}

function withHandles(
  stream: ConnectionStream,
  change: (connection: Connection) => Partial<Connection>,
): ConnectionStream {
  const changed = new Map<Connection, Connection>()
  return stream.pipe(
    map(event => {
      if (!('connection' in event)) return event
      const { connection } = event
      const handle = changed.get(connection) ?? overridden(connection, change(connection))
      changed.set(connection, handle)
      return { ...event, connection: handle }
    }),
  )
}

/** Ignores what was asked for. */
function options(instead: ConnectionOptions): LawBreaker['spoil'] {
  return good => ({
    ...good,
    listen: place => good.listen({ ...place, ...instead }),
    connect: (to, target) => good.connect(to, { ...target, ...instead }),
  })
}

function overridden<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(name in overrides ? overrides : target, name)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

function latePacket(connection: Connection): ConnectionEvent {
  return { type: 'packet', connection, packet: Uint8Array.of(1) }
}

/** Passes the events through `change`, which sees the connections that are open. */
function remembering(
  stream: ConnectionStream,
  change: (event: ConnectionEvent, open: ReadonlySet<Connection>) => ConnectionEvent,
): ConnectionStream {
  const open = new Set<Connection>()
  return stream.pipe(
    map(event => {
      if (event.type === 'open') open.add(event.connection)
      if (event.type === 'close') open.delete(event.connection)
      return change(event, open)
    }),
  )
}

function closeAll(listener: { close(): void }, open: ReadonlySet<Connection>): void {
  listener.close()
  for (const connection of open) connection.close()
}

function throwErrorOfClose(event: ConnectionEvent): void {
  if (event.type === 'close' && event.error !== undefined) throw event.error
}

function neverLeft(stream: ConnectionStream): ConnectionStream {
  return new Observable(subscriber => {
    stream.subscribe({
      next(event) {
        subscriber.next(event)
      },
      error(error: unknown) {
        subscriber.error(error)
      },
      complete() {
        subscriber.complete()
      },
    })
  })
}

function abortedWhenLeft(stream: ConnectionStream): ConnectionStream {
  return new Observable(subscriber => {
    const opened: Connection[] = []
    subscriber.add(() => {
      for (const connection of opened) connection.destroy()
    })
    const noted = stream.pipe(
      tap(event => {
        if (event.type === 'open') opened.push(event.connection)
      }),
    )
    subscriber.add(noted.subscribe(subscriber))
  })
}

function pausedByOne(connection: Connection): Partial<Connection> {
  let hold: Subscription | undefined
  return {
    pause: () => {
      hold ??= connection.pause()
      return new Subscription(() => {
        hold?.unsubscribe()
        hold = undefined
      })
    },
  }
}

function closedInside(stream: ConnectionStream): ConnectionStream {
  return new Observable(subscriber => {
    const destroy = (connection: Connection) => {
      connection.destroy()
      subscriber.next({ type: 'close', connection, reason: 'local', bytesUnsent: 0 })
    }
    const inside = withHandles(stream, connection => ({
      destroy: () => {
        destroy(connection)
      },
    }))
    subscriber.add(inside.subscribe(subscriber))
  })
}

function reread(stream: ConnectionStream): ConnectionStream {
  const memory = new Uint8Array(1024 * 1024)
  return stream.pipe(
    map(event => {
      if (event.type !== 'packet') return event
      memory.set(event.packet)
      return { ...event, packet: memory.subarray(0, event.packet.length) }
    }),
  )
}

function isKnown({ type }: TypedEvent): boolean {
  return ['listening', 'connecting', 'open', 'packet', 'drain', 'end', 'close', 'retry'].includes(type)
}
