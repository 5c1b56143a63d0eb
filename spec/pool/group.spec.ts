import { expect } from 'chai'
import { Observable, Subject, finalize, map, take } from 'rxjs'
import { WrappedConnection, type Connection, type ConnectionEvent } from 'sluice'
import { framed, lengthField, lines, switchable, type Codec } from 'sluice/framing'
import { group } from 'sluice/pool'
import { memory, recordingConnection, type MemoryNetwork, type RecordingConnection } from 'sluice/testing'
import { run } from '../support/run.js'

type Events = ConnectionEvent<string, RecordingConnection<string>>

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** A peer that never reads. */
function stalled(net: MemoryNetwork): void {
  net.connect({ port: 1 }).subscribe({
    next(event) {
      if (event.type === 'open') event.connection.pause()
    },
    error: () => undefined,
  })
}

/** A group of recording connections, to which events are told by hand. */
function room(...members: RecordingConnection<string>[]) {
  const events = new Subject<Events>()
  const shared = group(events)
  const told: string[] = []
  shared.subscribe(event => told.push(event.type))
  for (const connection of members) events.next({ type: 'open', connection, session: 1 })
  return { events, shared, told }
}

describe('group', () => {
  it('subscribes once for all, from the first to the last', () => {
    const log: string[] = []
    const shared = group(
      new Observable<Events>(() => {
        log.push('subscribed')
        return () => log.push('unsubscribed')
      }),
    )
    const both = [shared.subscribe(), shared.subscribe()]
    both[0]?.unsubscribe()
    expect(log).to.deep.equal(['subscribed'])
    both[1]?.unsubscribe()
    expect(log).to.deep.equal(['subscribed', 'unsubscribed'])
    shared.subscribe()
    expect(log).to.deep.equal(['subscribed', 'unsubscribed', 'subscribed'])
  })

  it('tells each what happens from when it came, and ends as its source does', () =>
    run(({ cold, expectEvents }) => {
      const shared = group(cold('-o-a-b-(x|)'))
      expectEvents(shared).toBe('    -o-a-b-(x|)')
      expectEvents(shared, '^---!').toBe('-o-a')
      expectEvents(shared, '----^').toBe('-----b-(x|)')
      const broken = group(cold('-o-(x#)', {}, 'EPIPE'))
      expectEvents(broken).toBe('-o-(x#)', {}, 'EPIPE')
      expectEvents(broken).toBe('-o-(x#)', {}, 'EPIPE')
    }))

  it('can be subscribed anew when it has ended, and from within its end', () =>
    run(({ cold, expectEvents, expectSubscriptions }) => {
      const source = cold('-o-(x|)')
      const shared = group(source)
      const restart = (): void => void shared.subscribe()
      expectEvents(shared.pipe(finalize(restart))).toBe('-o-(x|)')
      expectSubscriptions(source.subscriptions).toBe(['^--!', '---^--!'])
    }))

  it('leaves its source when its only subscriber has left during the first event', () => {
    let left = false
    const connection = recordingConnection<string>()
    const source = new Observable<Events>(subscriber => {
      subscriber.next({ type: 'open', connection, session: 1 })
      return () => {
        left = true
      }
    })
    group(source).pipe(take(1)).subscribe()
    expect(left).to.equal(true)
  })

  it('keeps a list of what is open, and finds it by id', () => {
    const [ann, bob] = [recordingConnection<string>(), recordingConnection<string>()]
    const { events, shared } = room(ann, bob)
    expect(shared.connections).to.deep.equal([ann, bob])
    expect(shared.connection(bob.id)).to.equal(bob)
    events.next({ type: 'close', connection: ann, reason: 'remote', bytesUnsent: 0 })
    expect(shared.connections).to.deep.equal([bob])
    expect(shared.connection(ann.id)).to.equal(undefined)
  })

  it('has nothing open while nobody is subscribed', () => {
    const events = new Subject<Events>()
    const shared = group(events)
    const subscription = shared.subscribe()
    const connection = recordingConnection<string>()
    events.next({ type: 'open', connection, session: 1 })
    subscription.unsubscribe()
    expect(shared.connections).to.deep.equal([])
    expect(shared.connection(connection.id)).to.equal(undefined)
    expect(shared.broadcast('hello')).to.deep.equal({ taken: 0, missed: 0 })
  })

  it('tells every subscriber the same order, whatever one of them does meanwhile', () => {
    const net = memory()
    net.listen({ port: 1 }).subscribe()
    const events = new Subject<ConnectionEvent>()
    const dial = net.connect({ port: 1 }).pipe(map((event): ConnectionEvent => event))
    const shared = group(events)
    const told: string[][] = [[], []]
    shared.subscribe(event => {
      told[0]?.push(event.type)
      if (event.type === 'open') event.connection.destroy()
    })
    shared.subscribe(event => told[1]?.push(event.type))
    dial.subscribe(events)
    expect(told[0]).to.deep.equal(['connecting', 'open', 'close'])
    expect(told[1]).to.deep.equal(told[0])
  })
})

describe('broadcast', () => {
  it('reaches all that are open but one', () => {
    const members = [1, 2, 3].map(() => recordingConnection<string>())
    const { shared } = room(...members)
    const [first = recordingConnection()] = members
    members[2]?.close()
    expect(shared.broadcast('hi')).to.deep.equal({ taken: 2, missed: 0 })
    expect(shared.broadcast('you', { except: first })).to.deep.equal({ taken: 1, missed: 0 })
    expect(members.map(({ sent }) => sent)).to.deep.equal([['hi'], ['hi', 'you'], []])
  })

  it('waits at a connection that is behind like any other packet, unless that is to be skipped', () => {
    const [quick, slow] = [recordingConnection<string>(), recordingConnection<string>({ answer: false })]
    const { events, shared } = room(quick, slow)
    const skip = { overflow: 'skip' } as const
    expect(shared.broadcast('1', skip)).to.deep.equal({ taken: 2, missed: 0 })
    expect(shared.broadcast('2', skip)).to.deep.equal({ taken: 1, missed: 1 })
    expect(shared.broadcast('3')).to.deep.equal({ taken: 2, missed: 0 })
    events.next({ type: 'drain', connection: slow })
    expect(shared.broadcast('4', skip)).to.deep.equal({ taken: 2, missed: 0 })
    expect(quick.sent).to.deep.equal(['1', '2', '3', '4'])
    expect(slow.sent).to.deep.equal(['1', '3', '4'])
  })

  it('destroys who is too far behind, and harms no other', () => {
    const net = memory({ window: 10 })
    const server = group(net.listen({ port: 1, maxBuffered: 100, writeTimeout: Infinity }).pipe(framed(lines())))
    const closed: string[] = []
    server.subscribe(event => {
      if (event.type === 'close')
        closed.push(String(event.error instanceof Error && 'code' in event.error && event.error.code))
    })
    const got: string[] = []
    stalled(net)
    net
      .connect({ port: 1 })
      .pipe(framed(lines()))
      .subscribe(event => {
        if (event.type === 'packet') got.push(event.packet)
      })
    const packet = 'x'.repeat(49)
    const tallies = [1, 2, 3].map(() => server.broadcast(packet))
    expect(tallies).to.deep.equal([
      { taken: 2, missed: 0 },
      { taken: 2, missed: 0 },
      { taken: 1, missed: 1 },
    ])
    expect(closed).to.deep.equal(['ERR_SEND_OVERFLOW'])
    expect(got).to.deep.equal([packet, packet, packet])
    expect(server.connections).to.have.length(1)
  })

  it('gives all the same order, although what it causes is answered with another', () => {
    const net = memory({ window: 10 })
    const server = group(net.listen({ port: 1, maxBuffered: 20, writeTimeout: Infinity }).pipe(framed(lines())))
    server.subscribe(event => {
      if (event.type === 'close') server.broadcast('one has left')
    })
    stalled(net)
    const got: string[][] = [[], []]
    for (const received of got) {
      net
        .connect({ port: 1 })
        .pipe(framed(lines()))
        .subscribe(event => {
          if (event.type === 'packet') received.push(event.packet)
        })
    }
    const long = 'x'.repeat(15)
    server.broadcast(long)
    server.broadcast(long)
    expect(got).to.deep.equal([
      [long, long, 'one has left'],
      [long, long, 'one has left'],
    ])
  })

  describe('encodes', () => {
    /** Lines, and how often one was encoded. */
    function counted(): { codec: Codec<string>; count: () => number } {
      const codec = lines()
      let encoded = 0
      return {
        codec: {
          decoder: owner => codec.decoder(owner),
          encode(packet, write) {
            if (packet === 'unsendable') throw new TypeError('unsendable')
            encoded += 1
            codec.encode(packet, write)
          },
        },
        count: () => encoded,
      }
    }

    /** Ten who listen to a server whose connections are framed so, and what they get. */
    function hall(codec: Codec<string> | (() => Codec<string>)) {
      const net = memory()
      const server = group(net.listen({ port: 1 }).pipe(framed(codec)))
      server.subscribe()
      const got = Array.from({ length: 10 }, () => {
        const received: string[] = []
        net.connect({ port: 1 }).subscribe(event => {
          if (event.type === 'packet') received.push(text(event.packet))
        })
        return received
      })
      return { server, got }
    }

    it('once for all', () => {
      const { codec, count } = counted()
      const { server, got } = hall(codec)
      server.broadcast('hello')
      expect(count()).to.equal(1)
      expect(got).to.deep.equal(Array.from({ length: 10 }, () => ['hello\n']))
    })

    it('large and small packets whole, in their order', () => {
      const { server, got } = hall(lines({ maxLength: 200_000 }))
      const packets = [10, 2_000, 100_000, 1, 1_023, 1_024, 1_025].map(size => 'x'.repeat(size))
      for (const packet of packets) server.broadcast(packet)
      for (const received of got) expect(received.join('')).to.equal(packets.map(packet => `${packet}\n`).join(''))
    })

    it('nothing and sends to nobody where it can not', () => {
      const { codec } = counted()
      const { server, got } = hall(codec)
      expect(() => server.broadcast('unsendable')).to.throw(TypeError, 'unsendable')
      server.broadcast('after')
      for (const received of got) expect(received).to.deep.equal(['after\n'])
    })

    it('for each connection where each has a codec of its own', () => {
      const { codec, count } = counted()
      const { server, got } = hall(switchable(codec, {}))
      server.broadcast('hello')
      expect(count()).to.equal(10)
      expect(got.flat()).to.have.length(10)
    })

    it('once for all, and again by the codec below where there is one', () => {
      const net = memory()
      const layered = <E extends ConnectionEvent>(stream: Observable<E>) =>
        stream.pipe(framed(lengthField({ lengthFieldLength: 1 })), framed(lines()))
      const server = group(layered(net.listen({ port: 1 })))
      server.subscribe()
      const got: string[] = []
      layered(net.connect({ port: 1 })).subscribe(event => {
        if (event.type === 'packet') got.push(event.packet)
      })
      server.broadcast('hello')
      expect(got).to.deep.equal(['hello'])
    })

    it('nothing for a wrapper that sends in its own way', () => {
      class Shouting extends WrappedConnection<string, string> {
        send(packet: string): boolean {
          return this.inner.send(packet.toUpperCase())
        }
      }
      const net = memory()
      const loud = new Map<string, Shouting>()
      const shout = (connection: Connection<string>): Shouting => {
        const known = loud.get(connection.id) ?? new Shouting(connection)
        loud.set(connection.id, known)
        return known
      }
      const server = group(
        net.listen({ port: 1 }).pipe(
          framed(lines()),
          map(event => ('connection' in event ? { ...event, connection: shout(event.connection) } : event)),
        ),
      )
      server.subscribe()
      const got: string[] = []
      net.connect({ port: 1 }).subscribe(event => {
        if (event.type === 'packet') got.push(text(event.packet))
      })
      server.broadcast('hello')
      expect(got).to.deep.equal(['HELLO\n'])
    })
  })

  it('refuses options that there are not', () => {
    const { shared } = room()
    expect(() => shared.broadcast('a', { overflow: 'wait' as 'skip' }))
      .to.throw(/^broadcast: overflow must be one of 'fail', 'skip'/)
      .with.property('code', 'ERR_OPTIONS')
  })
})
