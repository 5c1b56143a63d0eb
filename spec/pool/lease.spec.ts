import { expect } from 'chai'
import fc from 'fast-check'
import {
  BehaviorSubject,
  defer,
  EMPTY,
  finalize,
  switchMap,
  tap,
  throwError,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs'
import { constant, reconnect, seeded, type Connection, type ConnectionEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { pool, type Lease, type Pool, type PoolOptions, type PoolState } from 'sluice/pool'
import { memory, type MemoryNetwork } from 'sluice/testing'
import { diary, type Diary } from '../support/diary.js'
import { farFromUniform } from '../support/draw.js'
import { check } from '../support/property.js'

type Text = ConnectionEvent<string, Connection<string>>

/** A server that answers each line with itself; answers how many are connected, and how many were at most. */
function server(net: MemoryNetwork): { now: number; most: number; accepted: number } {
  const seen = { now: 0, most: 0, accepted: 0 }
  net
    .listen({ port: 1 })
    .pipe(framed(lines()))
    .subscribe(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
      if (event.type === 'open') {
        seen.now += 1
        seen.accepted += 1
        seen.most = Math.max(seen.most, seen.now)
      }
      if (event.type === 'close') seen.now -= 1
    })
  return seen
}

function dial(net: MemoryNetwork): Observable<Text> {
  return net.connect({ port: 1 }).pipe(framed(lines())) as Observable<Text>
}

/** What whoever asks counts in. */
interface Busy {
  inFlight: number
}

/** A lease, and what has become of it. */
interface Asked {
  readonly subscription: Subscription
  lease: Lease<Text> | undefined
  end: string | undefined
  cause: unknown
}

function ask(clients: Pool<Text>, next: (lease: Lease<Text>) => void = () => undefined): Asked {
  const asked: { -readonly [K in keyof Asked]?: Asked[K] } = { lease: undefined, end: undefined }
  asked.subscription = clients.lease().subscribe({
    next(lease) {
      asked.lease = lease
      next(lease)
    },
    error(error: unknown) {
      asked.end = codeOf(error)
      asked.cause = (error as Error).cause
    },
    complete() {
      asked.end = 'complete'
    },
  })
  return asked as Asked
}

function codeOf(error: unknown): string {
  return (error as { readonly code: string }).code
}

/** Something done in virtual time with a pool of a network. */
function scene(
  options: PoolOptions<string>,
  play: (
    clients: Pool<Text>,
    more: Diary & { readonly net: MemoryNetwork; readonly seen: { now: number; most: number; accepted: number } },
  ) => void,
  latency = 0,
): readonly string[] {
  return diary(more => {
    const net = memory({ latency })
    const seen = server(net)
    play(pool(dial(net), options), { ...more, net, seen })
  })
}

describe('A lease', () => {
  it('is of one connection, which comes back when it is released', () => {
    scene({ size: 2, max: 2 }, clients => {
      clients.subscribe()
      const first = ask(clients)
      const second = ask(clients)
      expect(first.lease?.connection).not.to.equal(second.lease?.connection)
      first.lease?.release()
      expect(first.end).to.equal('complete')
      expect(ask(clients).lease?.connection).to.equal(first.lease?.connection)
    })
  })

  it('takes first what was used last, so that the others grow old', () => {
    scene({ size: 3 }, clients => {
      clients.subscribe()
      const ids = [1, 2, 3, 4, 5].map(() => {
        const { lease } = ask(clients)
        lease?.release()
        return lease?.connection.member.id
      })
      expect(ids).to.deep.equal(Array(5).fill('#3'))
    })
  })

  it('destroys a connection that was not said to be clean, and has it replaced', () => {
    const told = scene({ size: 1, max: 1 }, (clients, { watch, write, at }) => {
      watch(clients, 1_000, event => {
        if (event.type === 'close') write(`close ${event.reason}`)
        if (event.type === 'open') write(`open ${event.session}`)
      })
      at(10, () => ask(clients).subscription.unsubscribe())
      at(20, () => ask(clients).lease?.release())
    })
    expect(told).to.deep.equal(['0 open 1', '10 close local', '10 open 2'])
  })

  it('has the packets for itself, and shares its life with the pool', () => {
    const pooled: string[] = []
    const leased: string[] = []
    scene({ size: 1 }, clients => {
      clients.subscribe(({ type }) => pooled.push(type))
      ask(clients, ({ connection, events }) => {
        events.subscribe({ next: event => leased.push(event.type), complete: () => leased.push('complete') })
        connection.send('hello')
        connection.close()
      })
    })
    expect(leased).to.deep.equal(['packet', 'end', 'close', 'complete'])
    expect(pooled).to.deep.equal(['connecting', 'open', 'end', 'close', 'finished'])
  })

  it('loses no packet while nobody listens: its connection is paused', () => {
    const heard: string[] = []
    scene({ size: 1 }, clients => {
      clients.subscribe()
      const { lease } = ask(clients)
      lease?.connection.send('one')
      expect(lease?.connection.paused).to.equal(true)
      const listening = lease?.events.subscribe(event =>
        heard.push(event.type === 'packet' ? event.packet : event.type),
      )
      expect(lease?.connection.paused).to.equal(false)
      listening?.unsubscribe()
      lease?.connection.send('two')
      lease?.events.subscribe(event => heard.push(event.type === 'packet' ? event.packet : event.type))
      lease?.release()
      expect(lease?.connection.paused).to.equal(false)
    })
    expect(heard).to.deep.equal(['one', 'two'])
  })

  it('is left out of what is sent to any and to all', () => {
    scene({ size: 2 }, clients => {
      clients.subscribe()
      const { lease } = ask(clients)
      const left = clients.connections.find(connection => connection !== lease?.connection)
      expect([1, 2, 3].map(() => clients.pick(''))).to.deep.equal([left, left, left])
      expect(clients.broadcast('hi')).to.deep.equal({ taken: 1, missed: 0 })
      lease?.release()
      expect(clients.broadcast('hi')).to.deep.equal({ taken: 2, missed: 0 })
    })
  })

  it('is not of a connection on which something is in flight', () => {
    scene({ size: 1, max: 1 }, clients => {
      clients.subscribe()
      const connection = clients.pick('')
      if (connection !== undefined) connection.inFlight += 1
      const asked = ask(clients)
      expect(asked.lease).to.equal(undefined)
      if (connection !== undefined) connection.inFlight -= 1
      expect(asked.lease?.connection).to.equal(connection)
    })
  })

  it('completes when its connection is lost', () => {
    scene({ size: 1 }, clients => {
      clients.subscribe()
      const asked = ask(clients)
      asked.lease?.connection.destroy(new Error('lost'))
      expect(asked.end).to.equal('complete')
      asked.lease?.release()
      asked.subscription.unsubscribe()
    })
  })

  it('completes once, however often it is released, and takes nothing back from who has it next', () => {
    scene({ size: 1, max: 1 }, clients => {
      clients.subscribe()
      const [first, second] = [ask(clients), ask(clients)]
      first.lease?.release()
      first.lease?.release()
      first.subscription.unsubscribe()
      expect(second.lease?.connection.state).to.equal('open')
      expect(second.end).to.equal(undefined)
      let ended = false
      first.lease?.events.subscribe({ complete: () => (ended = true) })
      expect(ended).to.equal(true)
    })
  })

  it('holds the pool open, and the pool closes with the last', () => {
    scene({ size: 1 }, (clients, { seen }) => {
      const [first, second] = [ask(clients), ask(clients)]
      expect(seen.now).to.equal(2)
      first.lease?.release()
      expect(seen.now).to.equal(2)
      second.lease?.release()
      expect(seen.now).to.equal(0)
      expect(clients.members).to.deep.equal([])
      expect(ask(clients).lease?.connection.state).to.equal('open')
    })
  })

  describe('that has to wait', () => {
    it('gets its connection in the order in which it was asked for', () => {
      scene({ size: 1, max: 1, maxPending: 9 }, clients => {
        clients.subscribe()
        const order: number[] = []
        const asked = [1, 2, 3, 4].map(number => ask(clients, () => order.push(number)))
        asked[2]?.subscription.unsubscribe()
        asked[0]?.lease?.release()
        asked[1]?.lease?.release()
        asked[3]?.lease?.release()
        expect(order).to.deep.equal([1, 2, 4])
      })
    })

    it('waits for five seconds, and no longer', () => {
      const told = scene({ size: 1, max: 1, maxPending: 1 }, (clients, { write, at }) => {
        clients.subscribe()
        ask(clients)
        at(1, () => {
          clients.lease().subscribe({ error: (error: unknown) => write(codeOf(error)) })
        })
      })
      expect(told).to.deep.equal(['5001 ERR_LEASE_TIMEOUT'])
    })

    it('does not time out when it has got it, and gets nothing when it has timed out', () => {
      scene({ size: 1, max: 1, waitTimeout: 10 }, (clients, { at }) => {
        clients.subscribe()
        const [first, granted, late] = [ask(clients), ask(clients), ask(clients)]
        at(10, () => {
          // In the very millisecond of its deadline, before or behind it.
          first.lease?.release()
          expect(granted.end === 'ERR_LEASE_TIMEOUT').to.equal(granted.lease === undefined)
          expect(late.end === 'ERR_LEASE_TIMEOUT').to.equal(late.lease === undefined)
        })
        at(100, () => {
          expect([granted, late].every(({ end, lease }) => (end === 'ERR_LEASE_TIMEOUT') === (lease === undefined)))
          expect(clients.members.map(({ state }) => state)).to.deep.equal(['open'])
        })
      })
    })

    it('is refused where too many do, and at once with 0', () => {
      scene({ size: 1, max: 1, maxPending: 2 }, clients => {
        clients.subscribe()
        const ends = [1, 2, 3, 4, 5].map(() => ask(clients).end)
        expect(ends).to.deep.equal([undefined, undefined, undefined, 'ERR_POOL_FULL', 'ERR_POOL_FULL'])
      })
      scene(
        { size: 1, max: 2, maxPending: 0 },
        (clients, { at }) => {
          // A dial that is under way is no queue.
          const asked = [1, 2, 3].map(() => ask(clients))
          expect(asked.map(({ end }) => end)).to.deep.equal([undefined, undefined, 'ERR_POOL_FULL'])
          at(30, () => expect(asked.map(({ lease }) => lease !== undefined)).to.deep.equal([true, true, false]))
        },
        10,
      )
    })

    it('leaves its place when it is unsubscribed from, at whatever stage', () => {
      for (const leaveAt of [0, 5, 10, 15, 20, 25, 30]) {
        scene(
          { size: 1, max: 1 },
          (clients, { at, seen }) => {
            clients.subscribe()
            const asked = ask(clients)
            at(leaveAt, () => asked.subscription.unsubscribe())
            at(200, () => {
              const next = ask(clients)
              expect(next.lease?.connection.state, `left at ${leaveAt}`).to.equal('open')
              expect(seen.most).to.equal(1)
            })
          },
          10,
        )
      }
    })
  })

  describe('for which there is none', () => {
    it('makes the pool grow, up to its max, and the pool shrinks when nobody needs it', () => {
      const told = scene({ size: 1, max: 3, idleTime: 1_000, maxPending: 5 }, (clients, { write, at, seen }) => {
        clients.subscribe()
        const asked = [1, 2, 3, 4].map(() => ask(clients))
        write(`${seen.now} connected`)
        for (const { lease } of asked) lease?.release()
        for (const { lease } of asked) lease?.release()
        for (const ms of [999, 1_251]) at(ms, () => write(`${seen.now} connected`))
        at(5_000, () => write(`${seen.now} connected, most ${seen.most}`))
      })
      expect(told).to.deep.equal(['0 3 connected', '999 3 connected', '1251 1 connected', '5000 1 connected, most 3'])
    })

    it('fails with the cause where an endpoint refuses, at a bounded number of attempts', () => {
      let attempts = 0
      diary(({ at }) => {
        const refused = defer(() => {
          attempts += 1
          return throwError(() => new Error('refused'))
        }) as Observable<Text>
        const clients = pool(refused, { size: 1, max: 50, maxPending: 1_000, random: seeded(1) })
        const asked = Array.from({ length: 500 }, () => ask(clients))
        at(1_000, () => expect(attempts).to.be.within(2, 11))
        at(6_000, () => {
          for (const { end, cause } of asked) {
            expect(end).to.equal('ERR_LEASE_TIMEOUT')
            expect(cause).to.have.property('message', 'refused')
          }
        })
      })
      expect(attempts).to.be.within(3, 51)
    })

    it('makes an endpoint be tried by one dial at a time, and ever less often, however many have failed there', () => {
      const dials: number[] = []
      let [now, most] = [0, 0]
      diary(({ at, scheduler }) => {
        const refused = defer(() => {
          dials.push(scheduler.now())
          now += 1
          return timer(10).pipe(
            tap(() => {
              now -= 1
              if (scheduler.now() > 1_000) most = Math.max(most, now + 1)
              throw new Error('refused')
            }),
          )
        }) as Observable<unknown> as Observable<Text>
        const clients = pool(refused, { size: 100, waitTimeout: 200_000, random: seeded(2) })
        const asked = Array.from({ length: 20 }, () => ask(clients))
        at(120_000, () => {
          for (const { subscription } of asked) subscription.unsubscribe()
        })
      })
      expect(most).to.equal(1)
      expect(dials.filter(at => at > 20_000)).to.have.length.within(10, 40)
    })

    it('leaves an endpoint alone that fails again for as long as it does any', () => {
      const dials: number[] = []
      diary(({ at, scheduler }) => {
        const net = memory()
        server(net)
        const first = timer(50).pipe(switchMap(() => dial(net)))
        const stream = defer(() => {
          dials.push(scheduler.now())
          return dials.length === 1 ? first : throwError(() => new Error('refused'))
        })
        const clients = pool(stream, { size: 1, max: 2, random: () => 0 })
        const asked = [ask(clients), ask(clients)]
        at(199, () => {
          expect(dials).to.deep.equal([0, 0, 50, 150])
          for (const { subscription } of asked) subscription.unsubscribe()
        })
      })
    })

    it('makes the pool shrink, though what it has too many of was lost and came back, or was asked something', () => {
      for (const happening of ['lost', 'asked']) {
        const told = diary(({ write, at }) => {
          const net = memory()
          const seen = server(net)
          const clients = pool(dial(net).pipe(reconnect(constant(600))), { size: 1, max: 3, idleTime: 1_000 })
          const subscription = clients.subscribe()
          for (const { lease } of [1, 2, 3].map(() => ask(clients))) lease?.release()
          at(100, () => {
            for (const connection of clients.connections) {
              if (happening === 'lost') connection.destroy(new Error('lost'))
              else (connection as Busy).inFlight += 1
            }
          })
          at(900, () => {
            write(`${seen.now} connected`)
            if (happening === 'asked') for (const connection of clients.connections) (connection as Busy).inFlight -= 1
          })
          at(3_000, () => write(`${seen.now} connected`))
          at(3_001, () => {
            subscription.unsubscribe()
          })
        })
        expect(told, happening).to.deep.equal(['900 3 connected', '3000 1 connected'])
      }
    })

    it('is served when an endpoint that has failed is back, and all at once then', () => {
      diary(({ at }) => {
        const net = memory()
        const clients = pool(dial(net), { size: 1, max: 10, random: () => 0 })
        const asked = Array.from({ length: 5 }, () => ask(clients))
        at(1_000, () => {
          expect(asked.every(({ lease }) => lease === undefined)).to.equal(true)
          server(net)
        })
        at(3_000, () => expect(asked.every(({ lease }) => lease?.connection.state === 'open')).to.equal(true))
      })
    })

    it('waits for a member that comes back on its own', () => {
      diary(({ at }) => {
        const net = memory()
        const clients = pool(dial(net).pipe(reconnect<Text>(constant(100))), { size: 1, max: 1 })
        const asked = ask(clients)
        at(1_050, () => server(net))
        at(1_101, () => expect(asked.lease?.connection.session).to.equal(1))
      })
    })
  })

  describe('of a connection that is too old', () => {
    it('does not give it back to the pool', () => {
      const told = scene({ size: 1, max: 1, lifetime: 1_000, variance: 0 }, (clients, { at, watch, write }) => {
        watch(clients, 10_000, event => {
          if (event.type === 'close') write(`close ${event.reason}`)
          if (event.type === 'open') write(`open ${event.session}`)
        })
        const { lease } = ask(clients)
        at(1_500, () => lease?.release())
      })
      expect(told).to.deep.equal(['0 open 1', '1500 close shutdown', '1500 open 2'])
    })

    it('is not of one that grew old while it was idle; and one that was never leased does not age', () => {
      const told = scene({ size: 2, max: 2, lifetime: 1_000, variance: 0 }, (clients, { at, watch, write }) => {
        watch(clients, 10_000, event => {
          if (event.type === 'open') write(`${event.connection.member.id} open ${event.session}`)
        })
        at(1, () => ask(clients).lease?.release())
      })
      expect(told).to.deep.equal(['0 #1 open 1', '0 #2 open 1', '1000 #2 open 2'])
    })

    it('is replaced as soon as nothing is in flight on it', () => {
      const told = scene({ size: 1, max: 1, lifetime: 1_000, variance: 0 }, (clients, { at, watch, write }) => {
        watch(clients, 10_000, event => {
          if (event.type === 'open') write(`open ${event.session}`)
        })
        ask(clients).lease?.release()
        const busy = clients.connections[0] as Busy
        at(500, () => (busy.inFlight += 1))
        at(1_500, () => (busy.inFlight -= 1))
      })
      expect(told).to.deep.equal(['0 open 1', '1500 open 2'])
    })

    it('is not of the next of a member, which has an age of its own', () => {
      const told = diary(({ at, watch, write }) => {
        const net = memory()
        server(net)
        const options = { size: 1, lifetime: 1_000, variance: 0 }
        const clients = pool(dial(net).pipe(reconnect(constant(10))), options)
        watch(clients, 10_000, event => {
          if (event.type === 'open') write(`open ${event.session}`)
        })
        ask(clients).lease?.release()
        at(500, () => {
          clients.connections[0]?.destroy(new Error('lost'))
        })
      })
      expect(told).to.deep.equal(['0 open 1', '510 open 2'])
    })

    it('leaves no timer behind when the pool is left', () => {
      scene({ size: 1, max: 2 }, (clients, { scheduler }) => {
        const subscription = clients.subscribe()
        for (const { lease } of [1, 2].map(() => ask(clients))) lease?.release()
        scheduler.schedule(() => {
          subscription.unsubscribe()
          expect(scheduler.actions).to.deep.equal([])
        }, 10)
      })
    })

    it('is replaced at a time of its own, where many were born together', () => {
      const ends: number[] = []
      scene({ size: 1_000, random: seeded(3), idleTime: Infinity }, (clients, { scheduler, watch }) => {
        watch(clients, 700_000, event => {
          if (event.type === 'close') ends.push(scheduler.now())
        })
        const asked = Array.from({ length: 1_000 }, () => ask(clients))
        for (const { lease } of asked) lease?.release()
      })
      expect(ends).to.have.length(1_000)
      expect(Math.min(...ends)).to.be.at.least(540_000)
      expect(Math.max(...ends)).to.be.at.most(600_001)
      expect(farFromUniform(ends, 540_000, 600_000)).to.be.below(1.63 / Math.sqrt(1_000))
    })
  })

  it('that is kept for long is told, with the place where it was asked for, once', () => {
    const told = scene({ size: 1, leakAfter: 100 }, (clients, { watch, write, at }) => {
      watch(clients, 1_000, event => {
        if (event.type !== 'leak') return
        write(`${event.connection.member.id} after ${event.after}`)
        expect(event.place.stack).to.contain('lease.spec')
      })
      const { lease } = ask(clients)
      at(500, () => lease?.release())
      const quick = ask(clients)
      at(50, () => quick.lease?.release())
    })
    expect(told).to.deep.equal(['100 #1 after 100'])
  })

  describe('of a pool that is closed', () => {
    it('fails at once; one that waits is still served, and one that is had may be kept until the grace is over', () => {
      const told = scene({ size: 2, max: 2 }, (clients, { at, write }) => {
        clients.subscribe({
          next: event => event.type === 'close' && write(`${event.connection.member.id} ${event.reason}`),
          complete: () => write('complete'),
        })
        const [kept, brief, waiting, late] = [ask(clients), ask(clients), ask(clients), ask(clients)]
        clients.close({ grace: 100 })
        clients.close({ grace: 1 })
        expect(ask(clients).end).to.equal('ERR_POOL_CLOSED')
        at(50, () => {
          brief.lease?.release()
          expect(waiting.lease?.connection.state).to.equal('open')
        })
        at(101, () => {
          expect([kept, waiting, late].map(({ end }) => end)).to.deep.equal(['complete', 'complete', 'ERR_POOL_CLOSED'])
          expect(ask(clients).end).to.equal('ERR_POOL_CLOSED')
          clients.subscribe({ complete: () => write('over for good') })
        })
      })
      expect(told).to.deep.equal(['100 #2 shutdown', '100 #1 shutdown', '100 complete', '101 over for good'])
    })

    it('closes the others at once', () => {
      const told = scene({ size: 3 }, (clients, { at, write }) => {
        clients.subscribe({
          next: event => event.type === 'close' && write(event.reason),
          complete: () => write('complete'),
        })
        const { lease } = ask(clients)
        clients.close()
        at(10, () => lease?.release())
      })
      expect(told).to.deep.equal(['0 shutdown', '0 shutdown', '10 shutdown', '10 complete'])
    })
  })

  it('is of no connection beyond max, while one that has to go is still there', () => {
    scene({ size: 2, max: 2 }, (clients, { at, seen }) => {
      clients.subscribe()
      const busy = clients.pick('')
      if (busy !== undefined) busy.inFlight = 1
      busy?.member.stop()
      const asked = [ask(clients), ask(clients)]
      expect(asked.map(({ lease }) => lease !== undefined)).to.deep.equal([true, false])
      expect(seen.most).to.equal(2)
      at(100, () => {
        if (busy !== undefined) busy.inFlight = 0
        expect(asked[1]?.lease?.connection.state).to.equal('open')
        expect(seen.most).to.equal(2)
      })
    })
  })

  it('does not bring back a member whose endpoint has gone, however it ends', () => {
    diary(({ at }) => {
      const net = memory()
      const seen = server(net)
      const endpoints = new BehaviorSubject(['a'])
      const clients = pool(() => dial(net), { endpoints, size: 1 })
      clients.subscribe()
      const subscription = clients.lease().subscribe()
      endpoints.next([])
      expect(clients.members.map(({ state }) => state)).to.deep.equal(['draining'])
      subscription.unsubscribe()
      at(1_000, () => expect([seen.now, clients.members.length]).to.deep.equal([0, 0]))
    })
  })

  it('is counted in the state of its pool', () => {
    const states: string[] = []
    const words = ({ total, idle, inUse, connecting, pending, waits }: PoolState): string =>
      `${total}: ${idle} idle, ${inUse} in use, ${connecting} connecting; ${pending} pending, ${waits.granted} granted, longest ${waits.longest}`
    scene(
      { size: 1, max: 1 },
      (clients, { at }) => {
        clients.state.subscribe(state => states.push(words(state)))
        clients.subscribe()
        const asked = [ask(clients), ask(clients)]
        at(50, () => asked[0]?.lease?.release())
        at(70, () => asked[1]?.lease?.release())
      },
      10,
    )
    expect(states[0]).to.equal('0: 0 idle, 0 in use, 0 connecting; 0 pending, 0 granted, longest 0')
    expect(states).to.include('1: 0 idle, 0 in use, 1 connecting; 2 pending, 0 granted, longest 0')
    expect(states).to.include('1: 0 idle, 1 in use, 0 connecting; 1 pending, 1 granted, longest 20')
    expect(states.at(-1)).to.equal('1: 1 idle, 0 in use, 0 connecting; 0 pending, 2 granted, longest 50')
  })

  it('is counted where it fails at once', () => {
    const failed: number[] = []
    scene({ size: 1, max: 1, maxPending: 0 }, clients => {
      clients.state.subscribe(({ waits }) => failed.push(waits.failed))
      for (const end of [undefined, 'ERR_POOL_FULL']) expect(ask(clients).end).to.equal(end)
    })
    expect(failed.at(-1)).to.equal(1)
  })

  it('that waited in vain lets the pool complete, which has nobody else', () => {
    const refused = throwError(() => new Error('refused')) as Observable<Text>
    const told = diary(({ write }) => {
      const clients = pool(refused, { size: 1, waitTimeout: 50 })
      clients.subscribe({
        complete: () => {
          write('complete')
        },
      })
      const { subscription } = ask(clients)
      timer(10).subscribe(() => {
        subscription.unsubscribe()
      })
    })
    expect(told).to.have.length(1)
  })

  describe('of a pool whose random fails', () => {
    const faults: Readonly<Record<string, () => number>> = {
      throws: () => {
        throw new Error('a bug')
      },
      'answers no number': () => NaN,
      'answers too much': () => 1,
    }
    for (const [fault, fail] of Object.entries(faults)) {
      /** Fails the first time. */
      const random = () => {
        let drawn = 0
        return () => (drawn++ === 0 ? fail() : 0)
      }

      it(`fails where it ${fault}, holds nothing, and leaves the connection to the next`, () => {
        scene({ size: 1, max: 1, random: random() }, clients => {
          const first = ask(clients)
          expect(first.end).to.equal('ERR_HANDLER')
          expect(clients.members).to.deep.equal([])
          const kept = clients.subscribe()
          expect(ask(clients).lease?.connection.state).to.equal('open')
          kept.unsubscribe()
        })
      })

      it(`fails after its wait where it ${fault}, and the next in line is served`, () => {
        scene(
          { size: 1, max: 1, random: random() },
          (clients, { at }) => {
            const [first, second, third] = [ask(clients), ask(clients), ask(clients)]
            at(10, () => {
              expect([first.end, second.lease?.connection.state]).to.deep.equal(['ERR_HANDLER', 'open'])
              second.lease?.release()
              expect(third.lease?.connection.state).to.equal('open')
              third.lease?.release()
              expect(clients.members).to.deep.equal([])
            })
          },
          1,
        )
      })

      it(`has the failure for its cause where it ${fault} for an endpoint that refuses, which is told, and tried no more often`, () => {
        let attempts = 0
        const finished: unknown[] = []
        diary(({ at, watch }) => {
          const refused = defer(() => {
            attempts += 1
            return throwError(() => new Error('refused'))
          }) as Observable<Text>
          const clients = pool(refused, { size: 1, max: 50, random: fail })
          const asked = ask(clients)
          watch(clients, 6_000, event => {
            if (event.type === 'finished') finished.push(event.error)
          })
          at(5_500, () => {
            expect([asked.end, codeOf(asked.cause)]).to.deep.equal(['ERR_LEASE_TIMEOUT', 'ERR_HANDLER'])
          })
        })
        expect(attempts).to.be.within(3, 10)
        expect(finished.map(codeOf)).to.deep.equal(Array(attempts - 1).fill('ERR_HANDLER'))
      })
    }
  })

  it('refuses options that are none', () => {
    const wrong = { size: 1, max: 0, maxPending: -1, variance: 2, lifetime: 0 }
    expect(() => pool(EMPTY, wrong))
      .to.throw(/max must .* maxPending must .* variance must .* lifetime must/)
      .with.property('code', 'ERR_OPTIONS')
  })

  it('keeps its promises in any order of grant, timeout, cancel, death, release and disposal', () => {
    const acts = [
      'ask',
      'ask',
      'ask',
      'release',
      'release',
      'leave',
      'die',
      'kill',
      'busy',
      'send',
      'wait',
      'close',
    ] as const
    const step = fc.record({ act: fc.constantFrom(...acts), which: fc.nat(9), ms: fc.nat(60) })
    const shape = fc.record({
      size: fc.integer({ min: 1, max: 3 }),
      more: fc.nat(2),
      maxPending: fc.nat(4),
      latency: fc.constantFrom(0, 7),
      back: fc.boolean(),
    })
    check(
      fc.property(shape, fc.array(step, { maxLength: 60 }), ({ size, more, maxPending, latency, back }, steps) => {
        const max = size + more
        diary(({ at }) => {
          const net = memory({ latency })
          const seen = server(net)
          const stream = back ? dial(net).pipe(reconnect<Text>(constant(20))) : dial(net)
          const limits = { size, max, maxPending, waitTimeout: 40, idleTime: 30, lifetime: 100, random: seeded(1) }
          let open = 0
          const counted = defer(() => {
            let here = 0
            const count = (by: number): void => {
              here += by
              open += by
            }
            return stream.pipe(
              tap(({ type }: Text) => {
                if (type === 'connecting') count(1)
                if (type === 'close') count(-1)
              }),
              finalize(() => {
                count(-here) // What is unsubscribed closes in silence.
              }),
            )
          })
          const clients = pool(counted, limits)
          const subscription = clients.subscribe({ error: () => expect.fail('a pool never errors') })
          const asked: Asked[] = []
          const holders = (): Asked[] => asked.filter(({ lease, end }) => lease !== undefined && end === undefined)
          const waiting = (): Asked[] => asked.filter(({ lease, end }) => lease === undefined && end === undefined)
          const left = new Set<Asked>()
          const look = (): void => {
            const held = holders().filter(one => !left.has(one))
            expect(open, 'never more connections than max').to.be.at.most(max)
            const had = held.map(({ lease }) => lease?.connection.id)
            expect(new Set(had).size, 'nobody shares').to.equal(had.length)
            for (const { lease } of held) expect(lease?.connection.state).not.to.equal('closed')
            const idle = clients.members.filter(
              ({ state, inFlight, connection }) =>
                state === 'open' && inFlight === 0 && connection?.state === 'open' && !had.includes(connection.id),
            )
            const lost = waiting().filter(one => !left.has(one))
            if (lost.length > 0) expect(idle, 'nobody waits while one is idle').to.deep.equal([])
          }
          let time = 0
          for (const { act, which, ms } of steps) {
            if (act === 'wait') time += ms
            at(time, () => {
              const held = holders().filter(one => !left.has(one))
              const one = held[which % Math.max(1, held.length)]
              const anyone = asked[which % Math.max(1, asked.length)]
              if (act === 'ask') asked.push(ask(clients))
              if (act === 'release') one?.lease?.release()
              if (act === 'leave' && anyone !== undefined) {
                left.add(anyone)
                anyone.subscription.unsubscribe()
              }
              if (act === 'die') one?.lease?.connection.destroy(new Error('died'))
              if (act === 'kill') clients.connections[which]?.destroy(new Error('killed'))
              if (act === 'busy') {
                const connection = clients.pick('')
                if (connection !== undefined) {
                  connection.inFlight += 1
                  at(ms, () => (connection.inFlight -= 1))
                }
              }
              if (act === 'send') clients.send('hello')
              if (act === 'close' && which === 0) clients.close({ grace: ms })
              look()
            })
          }
          at(time + 70, () => {
            look()
            expect(
              waiting().filter(one => !left.has(one)),
              'nobody waits for ever',
            ).to.deep.equal([])
            for (const { lease } of holders()) lease?.release()
          })
          at(time + 5_000, () => {
            // No slot was lost: all of max can be had, but for those that have finished for good.
            if (back && clients.members.length > 0) {
              const again = Array.from({ length: max }, () => ask(clients))
              at(1_000, () => {
                const failed = again.filter(({ lease }) => lease === undefined)
                if (clients.members.length > 0) expect(failed.map(({ end }) => end)).to.deep.equal([])
              })
            }
          })
          at(time + 10_000, () => {
            subscription.unsubscribe()
            for (const { subscription: leased } of asked) leased.unsubscribe()
          })
          at(time + 20_000, () => expect(seen.now, 'nothing is left').to.be.at.most(max))
        })
      }),
      300,
    )
  })
})
