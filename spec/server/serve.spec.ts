import { expect } from 'chai'
import {
  EMPTY,
  NEVER,
  Subject,
  concatMap,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  of,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
  type Observable,
} from 'rxjs'
import { Gate, firstPacket, type Connection, type Listener, type TypedEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { serve, type Handler, type Server } from 'sluice/server'
import { memory, type MemoryNetwork, type MemoryPlace } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { resources } from '../support/net/resources.js'
import { leavesNothing } from '../support/run.js'
import { codeOf, Visitor, visitors } from './visitor.js'

const port = (net: MemoryNetwork, place: Partial<MemoryPlace> = {}) =>
  net.listen({ port: 1, ...place }).pipe(framed(lines()))

/** What is told, in a few words. */
function told(server: Server<TypedEvent>): string[] {
  const words: string[] = []
  server.subscribe({
    next(event) {
      const { type, packet, reason, error } = event as {
        readonly type: string
        readonly packet?: string
        readonly reason?: string
        readonly error?: Error
      }
      words.push([type, packet ?? reason, codeOf(error)].filter(word => word !== undefined).join(' '))
    },
    error: (error: unknown) => words.push(`error ${String(codeOf(error))}`),
    complete: () => words.push('complete'),
  })
  return words
}

/** A server in real time, which leaves no deadline behind. */
function open<E extends TypedEvent>(ports: Observable<E> | readonly Observable<E>[], handler?: Handler<E>): Server<E> {
  const options = { firstPacketTimeout: Infinity }
  return handler === undefined ? serve(ports, options) : serve(ports, handler, options)
}

describe('serve', () => {
  it('sends each connection what its handler answers', () => {
    const net = memory()
    let count = 0
    open(port(net), packets => {
      const who = (count += 1)
      return packets.pipe(map(line => `${who} ${line}`))
    }).subscribe()
    const [ann, bob] = [new Visitor(net), new Visitor(net)]
    ann.says('a')
    bob.says('b')
    ann.says('c')
    expect(ann.got).to.deep.equal(['1 a', '1 c'])
    expect(bob.got).to.deep.equal(['2 b'])
  })

  it('tells what happens, with a handler or without one', () => {
    for (const handler of [undefined, (packets: Observable<string>) => packets]) {
      const net = memory()
      const words = told(handler === undefined ? open(port(net)) : open(port(net), handler))
      new Visitor(net).says('hello').leaves()
      expect(words).to.deep.equal(['listening', 'open', 'packet hello', 'end', 'close remote'])
    }
  })

  it('binds once for all who subscribe, and closes all when the last has left', () => {
    const net = memory()
    const server = open(port(net))
    const both = [server.subscribe(), server.subscribe()]
    const visitor = new Visitor(net)
    expect(server.connections).to.have.length(1)
    expect(server.broadcast('all')).to.deep.equal({ taken: 1, missed: 0 })
    expect(visitor.got).to.deep.equal(['all'])
    both[0]?.unsubscribe()
    expect(visitor.ended).to.equal(undefined)
    both[1]?.unsubscribe()
    expect(visitor.ended).to.equal('remote')
    expect(server.listeners).to.deep.equal([])
    expect(net.open).to.equal(0)
  })

  it('serves several ports', () => {
    const net = memory()
    const server = open([port(net), port(net, { port: 2 })], packets => packets)
    server.subscribe()
    expect(server.endpoints).to.deep.equal([
      { address: 'localhost', port: 1 },
      { address: 'localhost', port: 2 },
    ])
    const both = [new Visitor(net, 1).says('1'), new Visitor(net, 2).says('2')]
    expect(both.map(({ got }) => got)).to.deep.equal([['1'], ['2']])
    expect(server.connections).to.have.length(2)
  })

  it('errors if a port can not be bound, and then leaves the others', () => {
    const net = memory()
    net.listen({ port: 2 }).subscribe()
    expect(told(open([port(net), port(net, { port: 2 })]))).to.deep.equal(['listening', 'error EADDRINUSE'])
    expect(net.open).to.equal(1)
  })

  it('passes what other operators tell', () => {
    const weather = { type: 'weather' } as const
    expect(told(open(of(weather), () => NEVER))).to.deep.equal(['weather', 'complete'])
  })

  it('destroys the connection of a handler that throws or errors, or whose answer can not be encoded, and no other', () => {
    const net = memory()
    const bad = new Error('bad')
    const words: string[] = []
    open(port(net), packets =>
      packets.pipe(
        mergeMap(line => {
          if (line === 'throw') throw bad
          if (line === 'error') return throwError(() => bad)
          return of(line === 'number' ? (7 as unknown as string) : line)
        }),
      ),
    ).subscribe(event => {
      if (event.type === 'close') words.push(`${event.reason} ${String(event.error?.message)}`)
    })
    const good = new Visitor(net)
    for (const line of ['throw', 'error', 'number']) new Visitor(net).says(line)
    good.says('still here')
    expect(good.got).to.deep.equal(['still here'])
    expect(words.slice(0, 2)).to.deep.equal(Array(2).fill('error the handler of serve threw: bad'))
    expect(words[2]).to.match(/^error the handler of serve threw: /)
    const throwing = memory()
    const ended = told(
      open(port(throwing), () => {
        throw bad
      }),
    )
    new Visitor(throwing)
    expect(ended).to.deep.equal(['listening', 'open', 'close error ERR_HANDLER'])
  })

  it('closes a connection when its answers are complete', () => {
    const net = memory()
    const words = told(open(port(net), () => of('welcome', 'good bye')))
    const visitor = new Visitor(net)
    expect(visitor.got).to.deep.equal(['welcome', 'good bye'])
    expect(visitor.ended).to.equal('remote')
    expect(words).to.deep.equal(['listening', 'open', 'end', 'close local'])
  })

  it('answers what was asked before the end of the peer, and then ends', () => {
    const answered = diary(({ watch, write, at }) => {
      const net = memory()
      const server = open(port(net), packets => packets.pipe(concatMap(line => timer(5).pipe(map(() => line)))))
      watch(server, 100, event => {
        if (event.type === 'end') write('end')
        if (event.type === 'close') write(`close ${event.reason}`)
      })
      const visitor = new Visitor(net).says('a').says('b')
      visitor.leaves()
      at(20, () => {
        write(`${visitor.got.join()} ${String(visitor.ended)}`)
      })
    })
    expect(answered).to.deep.equal(['10 end', '10 close remote', '20 a,b local'])
  })

  it('has limits without a handler, too', () => {
    const limits = { maxConnections: 1, whenFull: 'refuse' } as const
    for (const serving of [
      (net: MemoryNetwork) => serve(port(net), limits),
      (net: MemoryNetwork) => serve(port(net), undefined, limits),
    ]) {
      const net = memory()
      serving(net).subscribe()
      expect([new Visitor(net), new Visitor(net)].map(({ ended }) => ended)).to.deep.equal([undefined, 'ECONNRESET'])
    }
  })

  it('does not read from a peer that does not read its answers, until it does', () => {
    const net = memory({ window: 10 })
    const handled: string[] = []
    open(port(net, { highWaterMark: 10, lowWaterMark: 5 }), packets =>
      packets.pipe(
        tap(line => handled.push(line)),
        map(line => line.repeat(20)),
      ),
    ).subscribe()
    const visitor = new Visitor(net)
    const hold = visitor.connection?.pause()
    for (const line of ['a', 'b', 'c', 'd']) visitor.says(line)
    expect(handled).to.deep.equal(['a'])
    hold?.unsubscribe()
    expect(handled).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(visitor.got).to.deep.equal(['a', 'b', 'c', 'd'].map(line => line.repeat(20)))
  })

  it('holds a connection while its handler does not listen yet', () => {
    const net = memory()
    const ready = new Subject<void>()
    const server = open(port(net), packets =>
      ready.pipe(
        take(1),
        mergeMap(() => packets),
      ),
    )
    server.subscribe()
    const visitor = new Visitor(net).says('early')
    expect(server.connections[0]?.paused).to.equal(true)
    ready.next()
    expect(visitor.got).to.deep.equal(['early'])
  })

  it('cancels a handler at the close', () => {
    const net = memory()
    const left: string[] = []
    open(port(net), () =>
      merge(NEVER, from([]).pipe(ignoreElements())).pipe(
        tap({ unsubscribe: () => left.push('cancelled'), complete: () => left.push('complete') }),
      ),
    ).subscribe()
    const visitor = new Visitor(net)
    visitor.connection?.destroy()
    expect(left).to.deep.equal(['cancelled'])
  })

  it('cancels its handlers when nobody is subscribed any more', () => {
    const net = memory()
    const left: string[] = []
    const server = open(port(net), () => NEVER.pipe(tap({ unsubscribe: () => left.push('cancelled') }))).subscribe()
    visitors(2, net)
    server.unsubscribe()
    expect(left).to.deep.equal(['cancelled', 'cancelled'])
  })

  it('ends those who say nothing for 15 seconds, or as long as it is told', () => {
    const ends = (options: { readonly firstPacketTimeout?: number }) =>
      diary(({ watch, write }) => {
        const net = memory()
        watch(
          serve(port(net), packets => packets, options),
          60_000,
          event => {
            if (event.type === 'close') write(`${event.reason} ${String(codeOf(event.error))}`)
          },
        )
        new Visitor(net)
        new Visitor(net).says('hello')
      })
    expect(ends({})).to.deep.equal(['15000 timeout ERR_FIRST_PACKET_TIMEOUT'])
    expect(ends({ firstPacketTimeout: 70 })).to.deep.equal(['70 timeout ERR_FIRST_PACKET_TIMEOUT'])
    expect(ends({ firstPacketTimeout: Infinity })).to.deep.equal([])
  })

  it('leaves nothing behind, whenever it is left', () => {
    leavesNothing(6, ({ cold }) => serve(cold('l-o-p-(x|)').pipe(firstPacket(9)), () => EMPTY))
    leavesNothing(6, ({ cold }) => serve(cold('l-o-p-e-'), packets => packets))
  })

  it('can be subscribed to anew', () => {
    const net = memory()
    const server = open(port(net), packets => packets)
    for (const line of ['first', 'second']) {
      const subscription = server.subscribe()
      expect(new Visitor(net).says(line).got).to.deep.equal([line])
      subscription.unsubscribe()
    }
  })

  it('refuses options that can not be right', () => {
    const wrong = (options: object) => () => serve(NEVER, options)
    expect(wrong({ maxConnections: 0 })).to.throw(/^serve: maxConnections must be/)
    expect(wrong({ whenFull: 'panic' })).to.throw(/whenFull must be one of/)
    expect(wrong({ max: 1 }))
      .to.throw(/max is not an option/)
      .with.property('code', 'ERR_OPTIONS')
    expect(() => serve(NEVER).drain({ deadline: -1 })).to.throw(/^drain: deadline must be/)
    expect(() => serve(NEVER).infos(0)).to.throw(/^infos: every must be/)
  })
})

describe('a server', () => {
  it('sleeps: who comes meanwhile waits until it wakes', () => {
    const net = memory()
    const server = open([port(net), port(net, { port: 2 })], packets => packets)
    server.subscribe()
    const early = new Visitor(net)
    server.sleep()
    expect(server.mode).to.equal('asleep')
    const late = new Visitor(net, 2).says('late')
    expect(early.says('early').got).to.deep.equal(['early'])
    expect(late.got).to.deep.equal([])
    server.wake()
    expect(server.mode).to.equal('awake')
    expect(late.got).to.deep.equal(['late'])
  })

  it('may be put to sleep before it is subscribed to', () => {
    const net = memory()
    const server = open(port(net), packets => packets)
    server.sleep()
    server.subscribe()
    const visitor = new Visitor(net).says('hello')
    expect(visitor.got).to.deep.equal([])
    server.wake()
    expect(visitor.got).to.deep.equal(['hello'])
  })

  it('does not wake a listener that somebody else has paused', () => {
    const net = memory()
    const server = open([port(net), port(net, { port: 2 })])
    server.subscribe()
    const [first, second] = server.listeners as [Listener, Listener]
    first.pause()
    server.sleep()
    server.wake()
    expect([first.paused, second.paused]).to.deep.equal([true, false])
  })

  it('is ready while all its ports are bound, it is awake, and nobody drains it', () => {
    const net = memory()
    const ports = [new Subject<TypedEvent>(), port(net)] as const
    const server = serve<TypedEvent>(ports)
    const ready: boolean[] = []
    server.ready.subscribe(now => ready.push(now))
    const leave = server.subscribe()
    expect(ready).to.deep.equal([false])
    port(net, { port: 2 }).subscribe(ports[0])
    expect(ready).to.deep.equal([false, true])
    server.sleep()
    server.wake()
    expect(ready).to.deep.equal([false, true, false, true])
    new Visitor(net)
    void server.drain({ delay: 5 })
    expect(ready).to.deep.equal([false, true, false, true, false])
    leave.unsubscribe()
    expect(ready).to.have.length(5)
  })

  it('names no port that is closed, and is not ready without it', () => {
    const net = memory()
    const server = open([port(net), port(net, { port: 2 })])
    let ready: boolean | undefined
    server.ready.subscribe(now => (ready = now))
    server.subscribe()
    new Visitor(net)
    server.listeners[0]?.close()
    expect(ready).to.equal(false)
    expect(server.endpoints.map(({ port }) => port)).to.deep.equal([2])
    expect(server.connections).to.have.length(1)
  })

  it('keeps what was counted at a port whose place another has taken', () => {
    const events = new Subject<TypedEvent>()
    const server = open(events)
    server.subscribe()
    for (const code of ['one', 'two']) {
      const nothing = (): void => undefined
      const endpoint = () => ({ address: 'door', port: 1 })
      const listener = new Gate<string>({ backlog: 1, endpoint, accept: nothing, refuse: nothing, close: nothing })
      events.next({ type: 'listening', listener } as TypedEvent)
      listener.turnAway('a', new Error(code))
      listener.close()
      listener.offer('b')
    }
    const refused = { full: 0, address: 0, draining: 0, files: 2 }
    expect(server.info()).to.deep.include({ refused, failures: 2, turnedAway: 2 })
    expect(server.info().lastFailure?.message).to.equal('two')
  })

  it('counts who comes and goes, and what they sent', () => {
    const net = memory()
    const server = open(port(net), packets => packets)
    expect(server.info()).to.include({ active: 0, accepted: 0 })
    const leave = server.subscribe()
    const [ann, bob] = visitors(2, net)
    ann?.says('1234')
    bob?.says('12')
    bob?.leaves()
    const counted = { active: 1, peak: 2, accepted: 2, waiting: 0, left: 0, bytesRead: 8, bytesWritten: 8 }
    expect(server.info()).to.include(counted)
    leave.unsubscribe()
    expect(server.info()).to.include({ active: 0, accepted: 2, bytesRead: 8 })
  })

  it('tells what it has counted when that changes, and not too often', () => {
    const active = diary(({ at, watch, write }) => {
      const net = memory()
      const server = open(port(net))
      watch(server, 100, () => undefined)
      server
        .infos(10)
        .pipe(takeUntil(timer(99)))
        .subscribe(info => {
          write(String(info.active))
        })
      for (const ms of [3, 4, 5, 40]) at(ms, () => new Visitor(net))
    })
    expect(active).to.deep.equal(['0 0', '10 3', '40 4'])
  })

  it('tells at once what it has counted when it is over', () => {
    const active = diary(({ at, watch, write }) => {
      const net = memory()
      const server = open(port(net))
      watch(server, 25, () => undefined)
      server
        .infos(10)
        .pipe(takeUntil(timer(99)))
        .subscribe(info => {
          write(`${info.active} of ${info.accepted}`)
        })
      for (const ms of [3, 23]) at(ms, () => new Visitor(net))
    })
    expect(active).to.deep.equal(['0 0 of 0', '10 1 of 1', '23 2 of 2', '25 0 of 2'])
  })

  it('keeps no process for those who want to know what it has counted', () => {
    const net = memory()
    const server = open(port(net))
    const before = resources()
    const watching = server.infos().subscribe()
    expect(resources()).to.deep.equal(before)
    const leave = server.subscribe()
    new Visitor(net)
    leave.unsubscribe()
    expect(resources()).to.deep.equal(before)
    watching.unsubscribe()
  })

  it('is a group, whose connections are those of its handler', () => {
    const net = memory()
    const seen: Connection<string>[] = []
    const server = open(port(net), (_packets, connection) => {
      seen.push(connection)
      return NEVER
    })
    server.subscribe()
    new Visitor(net)
    expect(server.connections).to.deep.equal(seen)
  })
})
