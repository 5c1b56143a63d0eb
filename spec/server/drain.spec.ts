import { expect } from 'chai'
import {
  NEVER,
  Subject,
  concatMap,
  ignoreElements,
  map,
  mergeMap,
  of,
  range,
  tap,
  timer,
  type MonoTypeOperatorFunction,
  type Observable,
} from 'rxjs'
import { consume, seeded } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { supervised } from 'sluice/pool'
import { inOrder, respond } from 'sluice/request'
import { serve, type DrainOptions, type DrainProgress, type Server } from 'sluice/server'
import { memory, type MemoryNetwork, type MemoryPlace } from 'sluice/testing'
import { diary, type Diary } from '../support/diary.js'
import { codeOf, Visitor, visitors } from './visitor.js'

const port = (net: MemoryNetwork, place: Partial<MemoryPlace> = {}) =>
  net.listen({ port: 1, ...place }).pipe(framed(lines()))

type Events = ReturnType<typeof port> extends Observable<infer E> ? E : never

/** Answers a number after so many milliseconds, and `never` never. */
const slow = (packets: Observable<string>) =>
  packets.pipe(mergeMap(line => (line === 'never' ? NEVER : timer(Number(line)).pipe(map(() => `after ${line}`)))))

const answered = (line: string) => slow(of(line))

const idle = { firstPacketTimeout: Infinity }

function words(progress: DrainProgress): string {
  const { phase, remaining } = progress
  if (phase !== 'done') return `${phase} ${remaining}`
  return `done: ${progress.finished} finished, ${progress.aborted} aborted, ${progress.bytesLost} bytes lost`
}

/** Writes down how a drain goes. */
function drain({ write }: Diary, server: Server<Events>, options?: DrainOptions<Events>): void {
  server.drain(options).subscribe({
    next: progress => {
      write(words(progress))
    },
    complete: () => {
      write('|')
    },
  })
}

describe('drain', () => {
  it('closes what is idle at once, and ends the stream', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      server.subscribe({
        next(event) {
          if (event.type === 'close') pages.write(`close ${event.reason}`)
        },
        complete: () => {
          pages.write('over')
        },
      })
      const all = visitors(2, net)
      pages.at(10, () => {
        drain(pages, server)
        pages.write(all.map(({ ended }) => ended).join())
        expect(net.open).to.equal(0)
      })
    })
    expect(lines).to.deep.equal([
      '10 close shutdown',
      '10 close shutdown',
      '10 over',
      '10 done: 2 finished, 0 aborted, 0 bytes lost',
      '10 |',
      '10 remote,remote',
    ])
  })

  it('lets finish what is in flight, takes nothing new, and aborts what is stuck at the deadline', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      server.subscribe(event => {
        if (event.type === 'close') pages.write(`close ${event.reason} ${String(codeOf(event.error))}`)
      })
      const [busy, stuck, flooding] = visitors(4, net) as [Visitor, Visitor, Visitor]
      pages.at(10, () => {
        busy.says('5000')
        stuck.says('never')
        drain(pages, server)
      })
      for (let ms = 1; ms < 100; ms += 1) {
        pages.at(ms, () => {
          flooding.says('1')
        })
      }
      pages.at(20_000, () => {
        pages.write(`${busy.got.join()}; ${flooding.got.length}`)
      })
    })
    expect(lines).to.deep.equal([
      '10 close shutdown undefined',
      '10 finish 3',
      '10 close shutdown undefined',
      '10 finish 2',
      '5010 close shutdown undefined',
      '5010 finish 1',
      '15010 abort 1',
      '15010 close shutdown ERR_DRAINED',
      '15010 done: 3 finished, 1 aborted, 0 bytes lost',
      '15010 |',
      '20000 after 5000; 9',
    ])
  })

  const operators: Readonly<Record<string, MonoTypeOperatorFunction<Events>>> = {
    respond: respond(inOrder(), answered, { concurrency: 2 }),
    consume: consume((line, connection) => answered(line).pipe(tap(answer => connection.send(answer))), {
      concurrency: 2,
    }),
  }
  for (const [name, operator] of Object.entries(operators)) {
    for (const handler of [undefined, (packets: Observable<string>) => packets.pipe(ignoreElements())]) {
      const who = handler === undefined ? name : `${name} before a handler`
      it(`lets ${who} finish what it has in hand, and reads no more meanwhile`, () => {
        const lines = diary(pages => {
          const net = memory()
          const listening = port(net).pipe(operator)
          const server = handler === undefined ? serve(listening, idle) : serve(listening, handler, idle)
          server.subscribe(event => {
            if (event.type === 'close') pages.write(`close ${event.reason} ${String(codeOf(event.error))}`)
          })
          const [done, busy] = visitors(2, net) as [Visitor, Visitor]
          done.says('1')
          pages.at(10, () => {
            for (const line of ['3000', '5000', '2000']) busy.says(line)
          })
          pages.at(20, () => {
            drain(pages, server)
          })
          pages.at(30, () => {
            busy.says('7')
          })
          pages.at(20_000, () => {
            pages.write(`${done.got.join()}; ${busy.got.join()}`)
          })
        })
        expect(lines).to.deep.equal([
          '20 close shutdown undefined',
          '20 finish 1',
          // What was read last, behind our end, is handled like all that comes, and can't be answered any more.
          '5017 close shutdown undefined',
          '5017 done: 2 finished, 0 aborted, 0 bytes lost',
          '5017 |',
          '20000 after 1; after 3000,after 5000,after 2000',
        ])
      })
    }
  }

  it('tells what has come of a packet before its connection is closed, be it caused inside of next', () => {
    const lines = diary(pages => {
      const net = memory()
      const answers = new Subject<string>()
      const server = serve(port(net).pipe(consume(line => (line === 'late' ? answers : answered(line)))), idle)
      server.subscribe(event => {
        if (event.type !== 'packet') return
        event.connection.send(event.packet)
        answers.next('at last')
        answers.complete()
      })
      const [first, late] = visitors(2, net) as [Visitor, Visitor]
      first.says('50')
      late.says('late')
      pages.at(10, () => {
        drain(pages, server)
      })
      pages.at(100, () => {
        pages.write(`${first.got.join()}; ${late.got.join()}`)
      })
    })
    expect(lines).to.deep.equal([
      '10 finish 2',
      '50 finish 1',
      '50 done: 2 finished, 0 aborted, 0 bytes lost',
      '50 |',
      '100 after 50; at last',
    ])
  })

  it('reports the bytes that nobody has read', () => {
    const lines = diary(pages => {
      const net = memory({ window: 10 })
      const server = serve(port(net, { closeTimeout: 100 }), () => NEVER, idle)
      server.subscribe()
      for (const visitor of visitors(2, net)) visitor.connection?.pause()
      server.broadcast('x'.repeat(29))
      pages.at(10, () => {
        drain(pages, server, { deadline: 50 })
      })
    })
    expect(lines.slice(-2)).to.deep.equal(['60 done: 0 finished, 2 aborted, 40 bytes lost', '60 |'])
  })

  for (const [name, responds] of Object.entries({ respond: true, 'a handler': false })) {
    it(`closes in good order who was behind with reading what ${name} said, and then reads all of it`, () => {
      const lines = diary(pages => {
        const net = memory({ window: 10 })
        const long = () => range(0, 100).pipe(map(() => 'x'.repeat(1_000)))
        const server = responds
          ? serve(port(net).pipe(respond(inOrder(), long)), idle)
          : serve(port(net), packets => packets.pipe(concatMap(long)), idle)
        server.subscribe()
        const visitor = new Visitor(net)
        const hold = visitor.connection?.pause()
        visitor.says('go')
        pages.at(10, () => {
          drain(pages, server)
        })
        pages.at(20, () => {
          hold?.unsubscribe()
          pages.write(`${visitor.got.length}`)
        })
      })
      expect(lines).to.deep.equal(['10 finish 1', '20 done: 1 finished, 0 aborted, 0 bytes lost', '20 |', '20 100'])
    })
  }

  it('counts as aborted who fails meanwhile', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      server.subscribe()
      const [broken] = visitors(1, net)
      broken?.says('50')
      drain(pages, server)
      pages.at(10, () => broken?.connection?.destroy())
    })
    expect(lines).to.deep.equal(['0 finish 1', '10 done: 0 finished, 1 aborted, 0 bytes lost', '10 |'])
  })

  it('closes at once without a handler, and hears what still comes', () => {
    const net = memory({ latency: 5 })
    const lines = diary(pages => {
      const server = serve(port(net), idle)
      server.subscribe(event => {
        if (event.type === 'packet') pages.write(event.packet)
      })
      const visitor = new Visitor(net)
      pages.at(20, () => {
        visitor.says('on its way')
        drain(pages, server)
      })
    })
    expect(lines).to.deep.equal([
      '20 finish 1',
      '25 on its way',
      '30 done: 1 finished, 0 aborted, 0 bytes lost',
      '30 |',
    ])
  })

  it('suspends all listeners before it waits, and so do two servers that are told in one go', () => {
    diary(pages => {
      const net = memory()
      const servers = [
        serve([port(net), port(net, { port: 2 })], slow, idle),
        serve(port(net, { port: 3 }), slow, idle),
      ] as const
      for (const server of servers) server.subscribe()
      for (const place of [1, 3]) new Visitor(net, place).says('1000')
      for (const server of servers) void server.drain()
      expect([1, 2, 3].map(place => new Visitor(net, place).ended)).to.deep.equal(Array(3).fill('ECONNREFUSED'))
      expect(servers.map(server => server.connections.length)).to.deep.equal([1, 1])
      pages.at(1_000, () => {
        expect(servers.map(server => server.connections.length)).to.deep.equal([0, 0])
      })
    })
  })

  it('still takes connections for as long as a load balancer needs to notice', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      server.subscribe()
      server.ready.subscribe(ready => {
        pages.write(`ready ${String(ready)}`)
      })
      new Visitor(net)
      pages.at(10, () => {
        drain(pages, server, { delay: 100 })
      })
      for (const ms of [50, 200])
        pages.at(ms, () => {
          pages.write(String(new Visitor(net).ended))
        })
    })
    expect(lines).to.deep.equal([
      '0 ready true',
      '10 ready false',
      '10 delay 1',
      '50 undefined',
      '110 finish 2',
      '110 finish 1',
      '110 done: 2 finished, 0 aborted, 0 bytes lost',
      '110 |',
      '200 ECONNREFUSED',
    ])
  })

  it('announces in batches, at most so far apart', () => {
    const ends = (count: number, options: DrainOptions<Events>) =>
      diary(pages => {
        const net = memory()
        const server = serve(port(net), packets => packets, idle)
        server.subscribe()
        const all = visitors(count, net)
        server.subscribe(event => {
          if (event.type === 'close') pages.write(`${all.filter(({ got }) => got.join() === 'bye').length} told`)
        })
        void server.drain({ announce: () => 'bye', random: () => 0, ...options })
      })
    expect(ends(3, {})).to.deep.equal(['0 1 told', '0 2 told', '0 3 told'])
    expect(ends(3, { batch: 2 })).to.deep.equal(['0 1 told', '0 2 told', '2000 3 told'])
    expect(ends(3, { batch: 1, spread: 10 })).to.deep.equal(['0 1 told', '10 2 told', '20 3 told'])
    expect(ends(3, { batch: 1, deadline: 1_000 })).to.deep.equal(['0 1 told', '250 2 told', '500 3 told'])
    const last = ends(31, { batch: 1, deadline: Infinity }).at(-1)
    expect(last).to.equal('30000 31 told')
  })

  it('spreads them at random, from half the way to all of it, and again so with the same seed', () => {
    const ends = (seed: number) =>
      diary(pages => {
        const net = memory()
        const server = serve(port(net), packets => packets, idle)
        server.subscribe(event => {
          if (event.type === 'close') pages.write('')
        })
        visitors(5, net)
        void server.drain({ batch: 1, spread: 1_000, random: seeded(seed) })
      }).map(Number)
    const [first, again, other] = [ends(1), ends(1), ends(2)]
    expect(first).to.deep.equal(again)
    expect(first).not.to.deep.equal(other)
    for (const times of [first, other]) {
      for (const [index, time] of times.entries())
        if (index > 0) expect(time - Number(times[index - 1])).to.be.within(500, 1_000)
    }
  })

  const faults: Readonly<Record<string, () => number>> = {
    throws: () => {
      throw new Error('a bug')
    },
    'answers too much': () => 2,
  }
  for (const [fault, random] of Object.entries(faults)) {
    it(`goes on without spread where its random ${fault}, and errors with that behind the report`, () => {
      const lines = diary(pages => {
        const net = memory()
        const server = serve(port(net), packets => packets, idle)
        server.subscribe({
          complete: () => {
            pages.write('over')
          },
        })
        visitors(3, net)
        server.drain({ batch: 1, spread: 1_000, random }).subscribe({
          next: progress => {
            pages.write(words(progress))
          },
          error: (error: unknown) => {
            pages.write(`error ${codeOf(error)}`)
          },
        })
      })
      expect(lines.slice(-6)).to.deep.equal([
        '1000 announce 2',
        '1000 announce 1',
        '2000 finish 1',
        '2000 done: 3 finished, 0 aborted, 0 bytes lost',
        '2000 error ERR_HANDLER',
        '2000 over',
      ])
    })
  }

  it('destroys whom an announce that throws was for', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), packets => packets, idle)
      server.subscribe()
      const [ann] = visitors(2, net)
      const first = server.connections[0]
      server
        .drain({
          announce(connection) {
            if (connection === first) throw new Error('bad')
            return undefined
          },
        })
        .subscribe(progress => {
          if (progress.phase === 'done') pages.write(`${words(progress)} ${String(ann?.ended)}`)
        })
    })
    expect(lines).to.deep.equal(['0 done: 1 finished, 1 aborted, 0 bytes lost ECONNRESET'])
  })

  it('aborts when it is asked for again, and tells both the same', () => {
    for (const options of [{}, { delay: 1_000 }]) {
      const lines = diary(pages => {
        const net = memory()
        const server = serve(port(net), slow, idle)
        server.subscribe()
        for (const visitor of visitors(2, net)) visitor.says('never')
        drain(pages, server, options)
        pages.at(10, () => {
          drain(pages, server)
        })
        pages.at(20, () => {
          drain(pages, server)
        })
      })
      expect(lines.slice(1)).to.deep.equal([
        '10 abort 2',
        '10 abort 1',
        '10 done: 0 finished, 2 aborted, 0 bytes lost',
        '10 |',
        '10 done: 0 finished, 2 aborted, 0 bytes lost',
        '10 |',
        '20 done: 0 finished, 0 aborted, 0 bytes lost',
        '20 |',
      ])
    }
  })

  it('aborts once, however often it is asked for while it does', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      server.subscribe()
      for (const visitor of visitors(2, net)) visitor.says('never')
      server.drain().subscribe(progress => {
        pages.write(words(progress))
        void server.drain()
      })
    })
    expect(lines).to.deep.equal(['0 finish 2', '0 abort 2', '0 abort 1', '0 done: 0 finished, 2 aborted, 0 bytes lost'])
  })

  it('refuses who waits, and who was on the way', () => {
    const net = memory({ latency: 5 })
    const lines = diary(pages => {
      const server = serve(port(net), packets => packets, { ...idle, maxConnections: 1, refusal: cause => cause })
      server.subscribe()
      const all = visitors(2, net)
      pages.at(20, () => {
        server.listeners[0]?.resume()
        void server.drain()
      })
      pages.at(50, () => {
        pages.write(all.map(({ got }) => got.join()).join('; '))
      })
    })
    expect(lines).to.deep.equal(['50 ; draining'])
  })

  it('tells nothing of what was said by who waits', () => {
    const net = memory()
    const lines = diary(pages => {
      const server = serve(port(net), { ...idle, maxConnections: 1, refusal: cause => cause })
      server.subscribe(event => {
        if (event.type === 'packet') pages.write(event.packet)
      })
      const [guest] = visitors(1, net)
      server.listeners[0]?.resume()
      new Visitor(net).says('is anybody there?')
      guest?.says('hello')
      pages.at(20, () => {
        void server.drain()
      })
    })
    expect(lines).to.deep.equal(['0 hello'])
  })

  it('ends a port, too, that would be bound again', () => {
    const net = memory()
    const told = diary(pages => {
      const lasting = port(net).pipe(supervised(['restart'], { rounds: Infinity }))
      const server = serve([lasting, net.listen({ port: 2 }).pipe(framed(lines()))], slow, idle)
      server.subscribe({
        complete: () => {
          pages.write('over')
        },
      })
      new Visitor(net)
      const busy = new Visitor(net, 2)
      pages.at(10, () => {
        busy.says('500')
        drain(pages, server)
      })
      pages.at(1_000, () => {
        pages.write(`${busy.got.join()}, ${net.open} open`)
      })
    })
    expect(told).to.deep.equal([
      '10 finish 1',
      '510 done: 2 finished, 0 aborted, 0 bytes lost',
      '510 |',
      '510 over',
      '1000 after 500, 0 open',
    ])
  })

  it('closes a port, too, that is bound only later', () => {
    const net = memory()
    const lines = diary(pages => {
      const late = timer(10).pipe(mergeMap(() => port(net, { port: 2 })))
      const server = serve([port(net), late], idle)
      server.subscribe({
        complete: () => {
          pages.write('complete')
        },
      })
      pages.at(5, () => {
        drain(pages, server)
      })
    })
    expect(lines).to.deep.equal(['5 done: 0 finished, 0 aborted, 0 bytes lost', '5 |', '10 complete'])
    expect(net.open).to.equal(0)
  })

  it('has nothing to do where nobody is subscribed, or nobody is there', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net))
      drain(pages, server)
      server.subscribe({
        complete: () => {
          pages.write('over')
        },
      })
      drain(pages, server)
    })
    expect(lines).to.deep.equal([
      '0 done: 0 finished, 0 aborted, 0 bytes lost',
      '0 |',
      '0 over',
      '0 done: 0 finished, 0 aborted, 0 bytes lost',
      '0 |',
    ])
  })

  it('is over when nobody is subscribed any more, and leaves no timer', () => {
    const lines = diary(pages => {
      const net = memory()
      const server = serve(port(net), slow, idle)
      const leave = server.subscribe()
      visitors(1, net)[0]?.says('never')
      drain(pages, server)
      pages.at(10, () => {
        leave.unsubscribe()
      })
      pages.at(11, () => {
        expect(pages.scheduler.actions.length).to.be.at.most(1)
      })
    })
    expect(lines.slice(1)).to.deep.equal(['10 done: 0 finished, 1 aborted, 0 bytes lost', '10 |'])
  })

  it('keeps its deadline with a thousand connections of every kind, and its report is exact', () => {
    const lines = diary(pages => {
      const net = memory({ latency: 1 })
      const server = serve(port(net), packets => packets.pipe(concatMap(line => slow(of(line)))), idle)
      server.subscribe()
      const all = visitors(1_000, net)
      pages.at(10, () => {
        for (const [index, visitor] of all.entries()) {
          const kind = index % 4
          if (kind === 1) visitor.says('100')
          else if (kind === 2) visitor.says('never')
          else if (kind === 3) for (let count = 0; count < 20; count += 1) visitor.says('1')
        }
      })
      pages.at(20, () => {
        drain(pages, server, { deadline: 1_000, batch: 100, spread: 10 })
      })
    })
    expect(lines.at(-2)).to.equal('1020 done: 750 finished, 250 aborted, 0 bytes lost')
  })
})
