import { expect } from 'chai'
import fc from 'fast-check'
import { type Observable } from 'rxjs'
import { framed, lines } from 'sluice/framing'
import { serve, type RefusalCause, type ServeOptions } from 'sluice/server'
import { memory, type MemoryNetwork, type MemoryPlace } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { check } from '../support/property.js'
import { codeOf, Visitor, visitors } from './visitor.js'

const port = (net: MemoryNetwork, place: Partial<MemoryPlace> = {}) =>
  net.listen({ port: 1, ...place }).pipe(framed(lines()))

type Events = ReturnType<typeof port> extends Observable<infer E> ? E : never

/** A server that sends back what it is sent, to so many. */
function echo(net: MemoryNetwork, options: ServeOptions<Events>, ports = [port(net)]) {
  const server = serve(ports, packets => packets, { firstPacketTimeout: Infinity, ...options })
  const told: string[] = []
  server.subscribe(event => told.push(event.type === 'refused' ? `refused ${event.cause}` : event.type))
  return { server, told }
}

describe('A server that is full', () => {
  describe('and waits', () => {
    it('opens who came first as soon as there is room, and then the next', () => {
      const net = memory()
      const { server, told } = echo(net, { maxConnections: 1 })
      const [ann, bob, cid] = visitors(3, net) as [Visitor, Visitor, Visitor]
      for (const visitor of [ann, bob, cid]) visitor.says('hello')
      expect([ann, bob, cid].map(({ got }) => got.length)).to.deep.equal([1, 0, 0])
      ann.leaves()
      expect([ann, bob, cid].map(({ got }) => got.length)).to.deep.equal([1, 1, 0])
      bob.leaves()
      expect([ann, bob, cid].map(({ got }) => got.length)).to.deep.equal([1, 1, 1])
      expect(told.filter(type => type === 'open' || type === 'close')).to.deep.equal([
        'open',
        'close',
        'open',
        'close',
        'open',
      ])
      expect(server.info()).to.include({ active: 1, peak: 1, accepted: 3 })
    })

    it('over all ports together', () => {
      const net = memory()
      const { server } = echo(net, { maxConnections: 2 }, [port(net), port(net, { port: 2 })])
      const all = [...visitors(2, net, 1), ...visitors(2, net, 2)]
      for (const visitor of all) visitor.says('hello')
      expect(all.map(({ got }) => got.length)).to.deep.equal([1, 1, 0, 0])
      all[0]?.leaves()
      all[1]?.leaves()
      expect(all.map(({ got }) => got.length)).to.deep.equal([1, 1, 1, 1])
      expect(server.info().peak).to.equal(2)
    })

    it('lets no more wait at a port than its backlog, and counts who is turned away', () => {
      const net = memory()
      const { server } = echo(net, { maxConnections: 1 }, [port(net, { backlog: 2 })])
      const all = visitors(5, net)
      expect(all.map(({ ended }) => ended)).to.deep.equal([undefined, undefined, undefined, 'ECONNRESET', 'ECONNRESET'])
      expect(server.info()).to.include({ active: 1, turnedAway: 2 })
    })

    it('does not take in who was let in by mistake, but for room', () => {
      const net = memory()
      const { server } = echo(net, { maxConnections: 1 })
      const [ann, bob] = visitors(2, net) as [Visitor, Visitor]
      server.listeners[0]?.resume()
      bob.says('hello')
      expect(server.info()).to.include({ active: 1, waiting: 1 })
      expect(server.listeners[0]?.paused).to.equal(true)
      ann.leaves()
      expect(bob.got).to.deep.equal(['hello'])
    })

    it('tells nothing of who has left while waiting', () => {
      const net = memory()
      const { server, told } = echo(net, { maxConnections: 1 })
      const [, bob] = visitors(2, net)
      server.listeners[0]?.resume()
      bob?.connection?.destroy()
      expect(server.info()).to.include({ active: 1, waiting: 0, left: 1 })
      expect(told).to.deep.equal(['listening', 'open'])
    })

    it('stays asleep if it was put to sleep, though there is room again', () => {
      const net = memory()
      const { server } = echo(net, { maxConnections: 1 })
      const [ann, bob] = visitors(2, net) as [Visitor, Visitor]
      server.sleep()
      ann.leaves()
      bob.says('hello')
      expect(bob.got).to.deep.equal([])
      server.wake()
      expect(bob.got).to.deep.equal(['hello'])
    })
  })

  describe('and closes', () => {
    const limits = { maxConnections: 10, whenFull: 'close' } as const

    it('is not to be reached, until there are fewer than nine tenths', () => {
      const net = memory()
      const { server } = echo(net, limits, [port(net), port(net, { port: 2 })])
      const all = visitors(10, net)
      expect([1, 2].map(place => new Visitor(net, place).ended)).to.deep.equal(['ECONNREFUSED', 'ECONNREFUSED'])
      expect(server.endpoints.map(({ port: bound }) => bound)).to.deep.equal([1, 2])
      all[0]?.leaves()
      expect(new Visitor(net).ended).to.equal('ECONNREFUSED')
      all[1]?.leaves()
      expect([1, 2].map(place => new Visitor(net, place).says('in').got)).to.deep.equal([['in'], ['in']])
      expect(server.info()).to.include({ active: 10, peak: 10, accepted: 12, failures: 0 })
    })

    it('or than it is told', () => {
      const net = memory()
      echo(net, { ...limits, listenBelow: 1 })
      const all = visitors(10, net)
      for (const visitor of all.slice(1)) visitor.leaves()
      expect(new Visitor(net).ended).to.equal('ECONNREFUSED')
      all[0]?.leaves()
      expect(new Visitor(net).says('in').got).to.deep.equal(['in'])
    })

    it('binds its port again, though asleep', () => {
      const net = memory()
      const { server } = echo(net, { ...limits, maxConnections: 1, listenBelow: 1 })
      const ann = new Visitor(net)
      server.sleep()
      ann.leaves()
      const bob = new Visitor(net).says('hello')
      expect([bob.got, bob.ended]).to.deep.equal([[], undefined])
      server.wake()
      expect(bob.got).to.deep.equal(['hello'])
    })

    it('tries again each second, and counts it, where somebody else has taken the port', () => {
      const failures = diary(({ at, write }) => {
        const net = memory()
        const { server } = echo(net, { ...limits, maxConnections: 1 })
        const [ann] = visitors(1, net)
        const thief = net.listen({ port: 1 }).subscribe()
        ann?.leaves()
        for (const ms of [0, 1_500]) {
          at(ms, () => {
            write(`${server.info().failures} ${String(codeOf(server.info().lastFailure))}`)
          })
        }
        at(2_500, () => {
          thief.unsubscribe()
        })
        at(3_500, () => {
          write(new Visitor(net).says('again').got.join())
        })
      })
      expect(failures).to.deep.equal(['0 1 EADDRINUSE', '1500 2 EADDRINUSE', '3500 again'])
    })

    it('stops trying when nobody is subscribed any more', () => {
      diary(({ at, scheduler }) => {
        const net = memory()
        const server = serve(port(net), { ...limits, maxConnections: 1, firstPacketTimeout: Infinity })
        const leave = server.subscribe()
        const [ann] = visitors(1, net)
        net.listen({ port: 1 }).subscribe()
        ann?.leaves()
        at(10, () => {
          const before = scheduler.actions.length
          leave.unsubscribe()
          expect(scheduler.actions).to.have.length(before - 1)
        })
      })
    })
  })

  describe('and refuses', () => {
    it('says why, and closes', () => {
      const net = memory()
      const { server, told } = echo(net, { maxConnections: 1, whenFull: 'refuse', refusal: cause => `sorry: ${cause}` })
      const [, bob] = visitors(2, net)
      expect(bob?.got).to.deep.equal(['sorry: full'])
      expect(bob?.ended).to.equal('remote')
      expect(told).to.deep.equal(['listening', 'open', 'refused full'])
      expect(server.info().refused).to.deep.equal({ full: 1, address: 0, draining: 0, files: 0 })
      expect(server.connections).to.have.length(1)
    })

    it('resets without a word where there is none to be said', () => {
      const net = memory()
      echo(net, { maxConnections: 1, whenFull: 'refuse' })
      expect(visitors(2, net)[1]?.ended).to.equal('ECONNRESET')
    })

    it('hears nothing from who was refused and will not go', () => {
      const ends = diary(({ at, watch, write }) => {
        const net = memory()
        const { told } = echo(net, { maxConnections: 1, whenFull: 'refuse', refusal: () => 'sorry' })
        new Visitor(net)
        watch(net.connect({ port: 1, halfOpen: true }), 10_000, event => {
          if (event.type === 'end') event.connection.send(Buffer.from('hello\n'))
          write(event.type)
        })
        at(10_000, () => {
          expect(told).to.deep.equal(['listening', 'open', 'refused full'])
        })
      })
      expect(ends.slice(-2)).to.deep.equal(['5000 close', '5000 error ECONNRESET'])
    })

    it('lets in again when there is room', () => {
      const net = memory()
      const { server } = echo(net, { maxConnections: 1, whenFull: 'refuse' })
      const [ann] = visitors(2, net)
      ann?.leaves()
      expect(new Visitor(net).says('hello').got).to.deep.equal(['hello'])
      expect(server.info()).to.include({ active: 1, accepted: 2 })
    })

    it('destroys whom a refusal that throws was for, and no other', () => {
      const net = memory()
      const refusal = () => {
        throw new Error('bad')
      }
      echo(net, { maxConnections: 1, whenFull: 'refuse', refusal })
      const [ann, bob] = visitors(2, net)
      expect(bob?.ended).to.equal('ECONNRESET')
      expect(ann?.says('hello').got).to.deep.equal(['hello'])
    })

    it('has words for a thousand at a time, and resets the others', () => {
      const words = diary(({ watch, write }) => {
        const net = memory()
        echo(net, { maxConnections: 1, whenFull: 'refuse', refusal: () => 'sorry' })
        new Visitor(net)
        for (let count = 0; count < 1_002; count += 1) {
          // They do not answer our end.
          watch(net.connect({ port: 1, halfOpen: true }), 1_000, event => {
            if (event.type === 'packet') write('sorry')
          })
        }
      })
      expect(words.filter(word => word === '0 sorry')).to.have.length(1_000)
      expect(words.filter(word => word === '0 error ECONNRESET')).to.have.length(2)
    })
  })
})

describe('A limit for each address', () => {
  it('refuses those who are too many from one, and no other', () => {
    const net = memory()
    const { server, told } = echo(net, { maxPerAddress: 2 })
    const flood = visitors(4, net)
    const other = new Visitor(net, 1, 'elsewhere').says('hello')
    expect(flood.map(({ ended }) => ended)).to.deep.equal([undefined, undefined, 'ECONNRESET', 'ECONNRESET'])
    expect(other.got).to.deep.equal(['hello'])
    expect(told.filter(type => type === 'refused address')).to.have.length(2)
    flood[0]?.leaves()
    expect(new Visitor(net).says('again').got).to.deep.equal(['again'])
    expect(server.info().refused.address).to.equal(2)
  })

  it('is one for an IPv4 address, however a socket that takes both kinds writes it', () => {
    const net = memory()
    echo(net, { maxPerAddress: 1 })
    const both = ['10.0.0.1', '::ffff:10.0.0.1', '::ffff:10.0.0.2'].map(host => new Visitor(net, 1, host))
    expect(both.map(({ ended }) => ended)).to.deep.equal([undefined, 'ECONNRESET', undefined])
  })

  it('counts those who wait', () => {
    const net = memory()
    const { server } = echo(net, { maxConnections: 1, maxPerAddress: 2 })
    visitors(3, net)
    for (let count = 0; count < 2; count += 1) server.listeners[0]?.resume()
    expect(server.info()).to.deep.include({
      active: 1,
      waiting: 1,
      refused: { full: 0, address: 1, draining: 0, files: 0 },
    })
  })
})

describe('Admission', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ does: fc.constant('comes' as const), host: fc.constantFrom('a', 'b', 'c') }) },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constantFrom('leaves', 'breaks', 'is thrown out'), which: fc.nat() }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('sleeps', 'wakes', 'resumes', 'drains') }) },
  )
  const options = fc.record({
    maxConnections: fc.integer({ min: 1, max: 4 }),
    maxPerAddress: fc.integer({ min: 1, max: 4 }),
    whenFull: fc.constantFrom('wait' as const, 'close' as const, 'refuse' as const),
  })

  it('never lets in more than may be, and loses nobody, whatever happens in whatever order', () => {
    check(
      fc.property(options, fc.array(step, { maxLength: 60 }), fc.boolean(), (limits, steps, drains) => {
        const net = memory()
        const { server } = echo(net, { ...limits, refusal: cause => cause }, [
          port(net, { backlog: 3 }),
          port(net, { port: 2, backlog: 3 }),
        ])
        const all: Visitor[] = []
        let opened = 0
        let refused = 0
        server.subscribe(event => {
          if (event.type === 'open') opened += 1
          if (event.type === 'refused') refused += 1
          const { active } = server.info()
          expect(active).to.be.at.most(limits.maxConnections)
        })
        for (const now of steps) {
          if ('host' in now) all.push(new Visitor(net, (all.length % 2) + 1, now.host))
          else if ('which' in now) {
            const visitor = all[now.which % Math.max(all.length, 1)]
            if (now.does === 'leaves') visitor?.leaves()
            else if (now.does === 'breaks') visitor?.connection?.destroy()
            else server.connections[now.which % Math.max(server.connections.length, 1)]?.destroy()
          } else if (now.does === 'sleeps') server.sleep()
          else if (now.does === 'wakes') server.wake()
          else if (now.does === 'resumes') server.listeners[0]?.resume()
          else if (drains) void server.drain()

          const info = server.info()
          expect(info.active).to.equal(server.connections.length)
          expect(info.accepted).to.equal(opened)
          expect(sum(info.refused)).to.equal(refused)
          for (const host of ['a', 'b', 'c']) {
            const from = server.connections.filter(({ remote }) => remote?.address === host)
            expect(from.length).to.be.at.most(limits.maxPerAddress)
          }
          if (server.mode === 'awake' && info.active < limits.maxConnections) {
            expect(all.filter(({ connection }) => connection?.state === 'open')).to.have.length(info.active)
          }
        }
        server.wake()
        for (const visitor of all) visitor.leaves()
        expect(server.info()).to.include({ active: 0, waiting: 0 })
        expect(server.connections).to.deep.equal([])
      }),
      300,
    )
  })
})

function sum(refused: Readonly<Record<RefusalCause, number>>): number {
  return refused.full + refused.address + refused.draining
}
