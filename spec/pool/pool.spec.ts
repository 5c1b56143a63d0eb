import { expect } from 'chai'
import fc from 'fast-check'
import {
  BehaviorSubject,
  defer,
  from,
  identity,
  map,
  NEVER,
  Subject,
  takeWhile,
  tap,
  throwError,
  timer,
  type Observable,
  type Observer,
} from 'rxjs'
import { constant, reconnect, type Connection, type ConnectionEvent, type TypedEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { pool, type EndpointsEvent, type MemberConnection, type Pool, type Pooled } from 'sluice/pool'
import { inOrder, respond } from 'sluice/request'
import { memory, recordingConnection, type MemoryNetwork } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { closeAll, later } from '../support/net/closing.js'
import { check } from '../support/property.js'
import { leavesNothing, run } from '../support/run.js'

type Text = ConnectionEvent<string, Connection<string>>
interface At {
  readonly address: string
  readonly port: number
}

const at = (port: number): At => ({ address: 'localhost', port })

/** Servers on these ports that answer each line with their port in front. */
function servers(net: MemoryNetwork, ...ports: readonly number[]): void {
  for (const port of ports) {
    net
      .listen({ port })
      .pipe(framed(lines()))
      .subscribe(event => {
        if (event.type === 'packet') event.connection.send(`${port} ${event.packet}`)
      })
  }
}

const client =
  (net: MemoryNetwork) =>
  ({ port }: At): Observable<Text> =>
    net.connect({ port }).pipe(framed(lines())) as Observable<Text>

/** What is told, in a few words. */
function words(event: TypedEvent): string {
  const { type, connection, member, packet, session, error } = event as {
    readonly type: string
    readonly connection?: MemberConnection
    readonly member?: { readonly id: string }
    readonly packet?: string
    readonly session?: number
    readonly error?: { readonly code?: string }
  }
  const id = connection?.member.id ?? member?.id ?? ''
  const more = packet ?? session ?? (type === 'finished' ? error?.code : undefined)
  return [id, type, more].filter(word => word !== undefined && word !== '').join(' ')
}

/** Subscribes until the spec is over: a pool that is open looks at its idle members from time to time. */
function join<E extends TypedEvent>(stream: Observable<E>, observer: Partial<Observer<E>> = {}): void {
  const subscription = stream.subscribe(observer)
  later(() => {
    subscription.unsubscribe()
  })
}

function told(stream: Observable<TypedEvent>): string[] {
  const lines: string[] = []
  join(stream, {
    next: event => lines.push(words(event)),
    error: () => lines.push('error'),
    complete: () => lines.push('complete'),
  })
  return lines
}

describe('pool', () => {
  afterEach(closeAll)

  it('takes a port alone for an endpoint', () => {
    const net = memory()
    servers(net, 1, 2)
    const clients = pool((port: number) => net.connect({ port }), { endpoints: [1, 2], size: 1 })
    told(clients)
    expect(clients.members.map(({ id, endpoint }) => [id, endpoint])).to.deep.equal([
      ['1#1', 1],
      ['2#1', 2],
    ])
  })

  it('merges its members, and says of each event whose it is', () => {
    const net = memory()
    servers(net, 1, 2)
    const clients = pool(client(net), { endpoints: [at(1), at(2)], size: 1 })
    const lines = told(clients)
    clients.send('a')
    clients.send('b')
    expect(lines).to.deep.equal([
      'localhost:1#1 connecting',
      'localhost:1#1 open 1',
      'localhost:2#1 connecting',
      'localhost:2#1 open 1',
      'localhost:1#1 packet 1 a',
      'localhost:2#1 packet 2 b',
    ])
    const [first] = clients.connections
    expect(first?.endpoint).to.deep.equal(at(1))
    expect(first?.session).to.equal(1)
    expect(first?.member).to.equal(clients.member('localhost:1#1'))
  })

  it('has as many members as it is told, at one endpoint or at each', () => {
    const net = memory()
    servers(net, 1)
    const one = pool(net.connect({ port: 1 }), { size: 3 })
    const two = pool(client(net), { endpoints: [at(1), at(1), at(2)], size: 2 })
    join(one)
    join(two)
    expect(one.members.map(({ id }) => id)).to.deep.equal(['#1', '#2', '#3'])
    expect(two.members.map(({ id }) => id)).to.deep.equal([
      'localhost:1#1',
      'localhost:1#2',
      'localhost:2#1',
      'localhost:2#2',
    ])
  })

  it('has no members while nobody is subscribed, and is shared by all who are', () => {
    const net = memory()
    servers(net, 1)
    const clients = pool(net.connect({ port: 1 }), { size: 2 })
    expect(clients.members).to.deep.equal([])
    const both = [clients.subscribe(), clients.subscribe()]
    expect(clients.connections).to.have.length(2)
    for (const subscription of both) subscription.unsubscribe()
    expect(clients.members).to.deep.equal([])
    expect(clients.connections).to.deep.equal([])
    expect(clients.send(new Uint8Array(1))).to.equal(false)
  })

  it('dials four at a time', () => {
    const lines = diary(({ watch, write }) => {
      const net = memory({ latency: 10 })
      servers(net, 1)
      watch(pool(net.connect({ port: 1 }), { size: 6 }), 100, event => {
        if (event.type === 'connecting' || event.type === 'open') write(words(event))
      })
    })
    expect(lines).to.deep.equal([
      ...[1, 2, 3, 4].map(number => `0 #${number} connecting`),
      '20 #1 open 1',
      '20 #5 connecting',
      '20 #2 open 1',
      '20 #6 connecting',
      '20 #3 open 1',
      '20 #4 open 1',
      '40 #5 open 1',
      '40 #6 open 1',
    ])
  })

  it('starts any number of members that fail at once, without recursion', () => {
    const lines = told(
      pool(
        throwError(() => new Error('no')),
        { size: 20_000 },
      ),
    )
    expect(lines).to.have.length(20_001)
    expect(lines.at(-1)).to.equal('complete')
  })

  it('takes the failure of a member for an event, and completes when all have finished', () => {
    const net = memory()
    servers(net, 1)
    const clients = pool(client(net), { endpoints: [at(1), at(2)], size: 1 })
    const lines = told(clients)
    clients.connections[0]?.close()
    expect(lines).to.deep.equal([
      'localhost:1#1 connecting',
      'localhost:1#1 open 1',
      'localhost:2#1 connecting',
      'localhost:2#1 close',
      'localhost:2#1 finished ECONNREFUSED',
      'localhost:1#1 end',
      'localhost:1#1 close',
      'localhost:1#1 finished',
      'complete',
    ])
  })

  it('tells the failure of a stream that can not even be made', () => {
    const bad = (): Observable<Text> => {
      throw Object.assign(new Error('no credentials'), { code: 'NO' })
    }
    expect(told(pool(bad, { endpoints: ['a'], size: 1 }))).to.deep.equal(['a#1 finished NO', 'complete'])
  })

  it('tells the close of a connection that went in silence with an operator', () => {
    const lines: string[] = []
    run(({ cold }) => {
      const bad = Object.assign(new Error('a bug'), { code: 'BUG' })
      const broken = cold('o-a').pipe(
        tap(event => {
          if (event.type === 'packet') throw bad
        }),
      )
      pool(broken, { size: 1 }).subscribe(event => lines.push(words(event)))
    })
    expect(lines).to.deep.equal(['#1 open 1', '#1 close', '#1 finished BUG'])
  })

  it('is not confused by what is told late of a connection that is gone', () => {
    const [old, current] = [recordingConnection<string>(), recordingConnection<string>()]
    const events = new Subject<Text | { type: 'late'; connection: Connection<string> }>()
    const clients = pool(events, { size: 1 })
    const ids: string[] = []
    const connections = new Set<unknown>()
    join(clients, {
      next: event => {
        if (!('connection' in event)) return
        ids.push(event.connection.id)
        if (event.type === 'packet') connections.add(event.connection)
      },
    })
    events.next({ type: 'open', connection: old, session: 1 })
    events.next({ type: 'close', connection: old, reason: 'remote', bytesUnsent: 0 })
    events.next({ type: 'open', connection: current, session: 2 })
    events.next({ type: 'late', connection: old })
    events.next({ type: 'packet', connection: current, packet: 'a' })
    expect(ids).to.deep.equal([old.id, old.id, current.id, old.id, current.id])
    expect([...connections]).to.deep.equal([clients.members[0]?.connection])
  })

  it('lets a member come back on its own, and counts its sessions', () => {
    const lines = diary(({ at: when, watch, write }) => {
      const net = memory()
      servers(net, 1)
      const clients = pool(net.connect({ port: 1 }).pipe(reconnect(constant(10))), { size: 1 })
      watch(clients, 100, event => {
        if (event.type === 'open' || event.type === 'retry' || event.type === 'close')
          write(`${words(event)} ${clients.members[0]?.state ?? ''}`)
      })
      when(5, () => clients.connections[0]?.destroy(new Error('lost')))
    })
    expect(lines).to.deep.equal(['0 #1 open 1 open', '5 #1 close connecting', '5 retry waiting', '15 #1 open 2 open'])
  })

  it('sends by its select, to those alone that can be given something', () => {
    const net = memory()
    servers(net, 1)
    const offered: number[] = []
    const clients = pool(net.connect({ port: 1 }), {
      size: 3,
      select: connections => {
        offered.push(connections.length)
        return connections[0]
      },
    })
    join(clients)
    const byte = new Uint8Array(1)
    expect(clients.send(byte)).to.equal(true)
    clients.connections[0]?.end()
    expect(clients.send(byte)).to.equal(true)
    expect(clients.pick(byte)?.member.id).to.equal('#2')
    for (const connection of clients.connections) connection.close()
    expect(clients.send(byte)).to.equal(false)
    expect(offered).to.deep.equal([3, 2, 2])
  })

  it('sends nothing where its select chooses one that has long gone', () => {
    const net = memory()
    servers(net, 1)
    let first: MemberConnection<never, unknown> | undefined
    const clients = pool(net.connect({ port: 1 }), { size: 2, select: ([connection]) => (first ??= connection) })
    join(clients)
    expect(clients.send(new Uint8Array(1))).to.equal(true)
    clients.connections[0]?.destroy()
    expect(clients.send(new Uint8Array(1))).to.equal(false)
  })

  it('passes over who is closing', () =>
    run(({ cold, at: when }) => {
      const source = cold('o----')
      const clients = pool(source, { size: 2 })
      clients.subscribe()
      when('-a', {
        a: () => {
          source.connections[0]?.close()
          expect([1, 2, 3].map(() => clients.pick('a')?.member.id)).to.deep.equal(['#2', '#2', '#2'])
        },
      })
    }))

  it('sends nothing where its select chooses none', () => {
    const net = memory()
    servers(net, 1)
    const clients = pool(net.connect({ port: 1 }), { size: 3, select: () => undefined })
    join(clients)
    expect(clients.send(new Uint8Array(1))).to.equal(false)
  })

  it('throws what its select throws at who sends, and goes on', () => {
    const net = memory()
    servers(net, 1)
    let chosen = 0
    const clients = pool(net.connect({ port: 1 }), {
      size: 3,
      select(connections) {
        if (chosen++ === 0) throw new Error('a bug')
        return connections[0]
      },
    })
    join(clients)
    expect(() => clients.send(new Uint8Array(1))).to.throw('a bug')
    expect(clients.send(new Uint8Array(1))).to.equal(true)
    expect(clients.connections).to.have.length(3)
  })

  it('sends to all of its members', () => {
    const net = memory()
    servers(net, 1, 2)
    const clients = pool(client(net), { endpoints: [at(1), at(2)], size: 2 })
    const lines = told(clients)
    expect(clients.broadcast('hi')).to.deep.equal({ taken: 4, missed: 0 })
    expect(lines.slice(-4).sort()).to.deep.equal([
      'localhost:1#1 packet 1 hi',
      'localhost:1#2 packet 1 hi',
      'localhost:2#1 packet 2 hi',
      'localhost:2#2 packet 2 hi',
    ])
  })

  describe('whose endpoints change', () => {
    it('lets members come and go', () => {
      const net = memory()
      servers(net, 1, 2)
      const endpoints = new BehaviorSubject<readonly At[]>([at(1)])
      const clients = pool(client(net), { endpoints, size: 1 })
      const lines = told(clients)
      endpoints.next([at(1), at(2)])
      endpoints.next([at(2)])
      expect(clients.members.map(({ id }) => id)).to.deep.equal(['localhost:2#1'])
      endpoints.next([])
      endpoints.complete()
      expect(lines.filter(line => /connecting|finished|complete/.test(line))).to.deep.equal([
        'localhost:1#1 connecting',
        'localhost:2#1 connecting',
        'localhost:1#1 finished',
        'localhost:2#1 finished',
        'complete',
      ])
    })

    it('drains who has to go: it is given nothing more, and closed when nothing is in flight', () => {
      const net = memory()
      servers(net, 1, 2)
      const endpoints = new BehaviorSubject<readonly At[]>([at(1), at(2)])
      const clients = pool(client(net), { endpoints, size: 1 })
      const reasons: string[] = []
      join(clients, {
        next: event => {
          if (event.type === 'close') reasons.push(`${event.connection.member.id} ${event.reason}`)
        },
      })
      const [busy] = clients.connections
      if (busy !== undefined) busy.inFlight += 2
      endpoints.next([at(2)])
      expect(clients.member('localhost:1#1')?.state).to.equal('draining')
      expect([1, 2, 3].map(() => clients.pick('')?.member.id)).to.deep.equal(Array(3).fill('localhost:2#1'))
      expect(clients.broadcast('to all')).to.deep.equal({ taken: 1, missed: 0 })
      if (busy !== undefined) busy.inFlight -= 1
      expect(reasons).to.deep.equal([])
      if (busy !== undefined) busy.inFlight -= 1
      expect(reasons).to.deep.equal(['localhost:1#1 shutdown'])
      expect(clients.member('localhost:1#1')).to.equal(undefined)
    })

    it('and when what its stream has in hand is answered', () => {
      const net = memory()
      const told = diary(({ write, at: after }) => {
        net
          .listen({ port: 1 })
          .pipe(framed(lines()))
          .subscribe(event => {
            if (event.type === 'open') event.connection.send('ask')
            else if (event.type === 'packet') write(event.packet)
          })
        const answering = net.connect({ port: 1 }).pipe(
          framed(lines()),
          respond(inOrder(), () => timer(30).pipe(map(() => 'answer'))),
        )
        const clients = pool(answering, { size: 1 })
        clients.subscribe(event => {
          if (event.type === 'close') write(event.reason)
        })
        after(10, () => {
          clients.members[0]?.stop()
        })
      })
      expect(told).to.deep.equal(['30 answer', '30 shutdown'])
    })

    it('takes back who was drained and is wanted again, on a new connection', () => {
      const net = memory()
      servers(net, 1)
      const endpoints = new BehaviorSubject<readonly At[]>([at(1)])
      const sessions = diary(({ watch, at: when, write }) => {
        const clients = pool(client(net), { endpoints, size: 1 })
        watch(clients, 1_000, event => {
          if (event.type === 'open') write(words(event))
        })
        const [busy] = clients.connections
        if (busy !== undefined) busy.inFlight = 1
        endpoints.next([])
        endpoints.next([at(1)])
        when(10, () => {
          if (busy !== undefined) busy.inFlight = 0
        })
      })
      expect(sessions).to.deep.equal(['0 localhost:1#1 open 1', '10 localhost:1#1 open 2'])
    })

    it('ends the dial of who has to go, and tells so', () => {
      const net = memory({ latency: 10 })
      servers(net, 1)
      diary(() => {
        const endpoints = new BehaviorSubject<readonly At[]>([at(1)])
        const lines = told(pool(client(net), { endpoints, size: 1 }))
        endpoints.next([])
        expect(lines).to.deep.equal(['localhost:1#1 connecting', 'localhost:1#1 close', 'localhost:1#1 finished'])
      })
    })

    it('tells that they will not change any more, and keeps its members', () => {
      const net = memory()
      servers(net, 1)
      const endpoints = new Subject<readonly At[]>()
      const clients = pool(client(net), { endpoints, size: 1 })
      const lines = told(clients)
      endpoints.next([at(1)])
      endpoints.error(new Error('no more discovery'))
      clients.connections[0]?.destroy()
      expect(lines.slice(2)).to.deep.equal(['endpoints', 'localhost:1#1 close', 'localhost:1#1 finished', 'complete'])
    })

    it('takes what is no list for a failure', () => {
      for (const wrong of [null, undefined, 'localhost:1', { host: 'localhost', port: 1 }]) {
        const net = memory()
        servers(net, 1)
        const endpoints = new Subject<readonly At[]>()
        const events: Pooled<Text, At>[] = []
        pool(client(net), { endpoints, size: 1 }).subscribe(event => events.push(event))
        endpoints.next([at(1)])
        endpoints.next(wrong as unknown as readonly At[])
        expect(endpoints.observed).to.equal(false)
        const last = events.at(-1)
        expect(last?.type).to.equal('endpoints')
        expect((last as EndpointsEvent).error)
          .to.include({ code: 'ERR_OPTIONS' })
          .with.property('message')
          .that.matches(/^pool: endpoints (must be a list|is missing)/)
      }
    })

    it('completes at once where there are none', () => {
      expect(told(pool(client(memory()), { endpoints: [], size: 1 }))).to.deep.equal(['complete'])
      expect(told(pool(client(memory()), { endpoints: NEVER, size: 1 }))).to.deep.equal([])
    })
  })

  describe('a member', () => {
    it('can be stopped, and started again', () => {
      const lines = diary(({ watch, at: when, write }) => {
        const net = memory()
        servers(net, 1)
        const clients = pool(net.connect({ port: 1 }), { size: 2 })
        watch(clients, 1_000, event => {
          if (event.type === 'open' || event.type === 'finished') write(words(event))
        })
        const member = clients.member('#1')
        when(200, () => {
          member?.stop()
          member?.stop()
        })
        when(300, () => {
          expect(member?.state).to.equal('finished')
          member?.restart()
        })
        when(500, () => member?.restart())
      })
      expect(lines).to.deep.equal(['0 #1 open 1', '0 #2 open 1', '200 #1 finished', '300 #1 open 2', '500 #1 open 3'])
    })

    it('is restarted ten times a second at most, however it fails and whoever insists', () => {
      let starts = 0
      diary(({ watch }) => {
        const refused = defer(() => {
          starts += 1
          return throwError(() => new Error('refused'))
        })
        const failing = pool(refused, { size: 1 })
        watch(failing, 10_000, event => {
          if (event.type === 'finished') event.member.restart()
        })
      })
      expect(starts).to.be.within(99, 101)
    })
  })

  for (const latency of [0, 5]) {
    for (const told of ['connecting', 'open']) {
      const end = (how: 'left' | 'closed') => {
        let dials = 0
        diary(({ at }) => {
          const net = memory({ latency })
          servers(net, 1)
          const dial = defer(() => {
            dials += 1
            return net.connect({ port: 1 })
          })
          const clients = pool(dial, { size: 8 })
          const events = clients.pipe(tap(event => event.type === told && how === 'closed' && clients.close()))
          events.pipe(how === 'left' ? takeWhile(event => event.type !== told) : identity).subscribe()
          at(60_000, () => {
            expect(net.open).to.equal(1)
            expect(clients.members).to.deep.equal([])
          })
        })
        return dials
      }

      it(`dials nobody any more when it is left or closed at the first ${told}, with a latency of ${latency}`, () => {
        expect(end('left')).to.be.at.most(8)
        expect(end('closed')).to.be.at.most(told === 'open' ? 4 : 1)
      })
    }
  }

  it('takes no endpoints any more when it was closed while they came', () => {
    const net = memory()
    servers(net, 1, 2)
    const lists = from([[at(1)], [at(1), at(2)]])
    const clients = pool(client(net), { endpoints: lists, size: 1 })
    const words = told(clients.pipe(tap(({ type }) => type === 'connecting' && clients.close())))
    expect(words).to.deep.equal([
      'localhost:1#1 connecting',
      'localhost:1#1 close',
      'localhost:1#1 finished',
      'complete',
    ])
  })

  it('leaves nothing when nobody is subscribed any more', () => {
    leavesNothing(30, ({ cold }) => pool(cold('c-o-(x#)').pipe(reconnect(constant(3))), { size: 5 }))
  })

  it('refuses options that are none, all at once', () => {
    const wrong = { size: 0, select: 7, endpoints: [] } as unknown as { size: number }
    expect(() => pool(NEVER, wrong))
      .to.throw(/size must be .* select must be .* endpoints is not an option/)
      .with.property('code', 'ERR_OPTIONS')
    expect(() => pool(NEVER, { size: Infinity })).to.throw(/size must be a whole number/)
    expect(() => pool(() => NEVER, {} as never)).to.throw(/size is missing; endpoints is missing/)
  })

  it('keeps its promises whatever happens: each dial has one close, no place has more members than it may', () => {
    const act = fc.oneof(
      fc.record({
        act: fc.constantFrom('stop', 'restart', 'reset', 'close', 'busy', 'idle', 'send'),
        member: fc.nat(5),
      }),
      fc.record({ act: fc.constant('endpoints'), ports: fc.subarray([1, 2, 3]) }),
      fc.record({ act: fc.constant('wait'), ms: fc.nat(150) }),
    )
    check(
      fc.property(fc.array(act, { maxLength: 40 }), acts => {
        diary(({ at: when }) => {
          const net = memory({ latency: 3 })
          servers(net, 1, 2) // Nobody listens on 3.
          const endpoints = new BehaviorSubject<readonly At[]>([at(1)])
          const clients: Pool<Text, At> = pool(client(net), { endpoints, size: 2 })
          const open = new Map<string, string[]>()
          const subscription = clients.subscribe({
            next(event) {
              if (!('connection' in event)) return
              const { id } = event.connection
              open.set(id, [...(open.get(id) ?? []), event.type])
            },
            error: () => expect.fail('a pool never errors'),
          })
          let time = 0
          for (const { act: what, ...how } of acts) {
            const { member: index = 0, ports = [], ms = 0 } = how as { member?: number; ports?: number[]; ms?: number }
            time += what === 'wait' ? ms : 0
            when(time, () => {
              const member = clients.members[index % Math.max(1, clients.members.length)]
              const connection = member?.connection
              if (what === 'stop') member?.stop()
              if (what === 'restart') member?.restart()
              if (what === 'reset') connection?.destroy(new Error('reset'))
              if (what === 'close') connection?.close()
              if (what === 'busy' && connection !== undefined) connection.inFlight = 1
              if (what === 'idle' && connection !== undefined) connection.inFlight = 0
              if (what === 'send') clients.send('a')
              if (what === 'endpoints') endpoints.next(ports.map(at))
              for (const port of [1, 2, 3])
                expect(clients.members.filter(({ endpoint }) => endpoint.port === port).length).to.be.at.most(2)
              const ids = clients.members.map(({ id }) => id)
              expect(new Set(ids).size).to.equal(ids.length)
            })
          }
          when(time + 5_000, () => {
            for (const types of open.values()) {
              expect(types.filter(type => type === 'connecting')).to.have.length(1)
              expect(types.filter(type => type === 'close').length).to.be.at.most(1)
              expect(types.indexOf('close')).to.be.oneOf([-1, types.length - 1])
            }
            const alive = [...open.values()].filter(types => !types.includes('close'))
            expect(alive).to.have.length(clients.connections.length)
            subscription.unsubscribe()
          })
        })
      }),
      200,
    )
  })
})
