import { expect } from 'chai'
import {
  concat,
  concatMap,
  delay,
  EMPTY,
  from,
  ignoreElements,
  interval,
  map,
  merge,
  mergeMap,
  NEVER,
  of,
  repeat,
  scan,
  share,
  startWith,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
  toArray,
  Observable,
  Subject,
  Subscription,
  type ObservableInput,
} from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { perConnection, type Connection, type ConnectionEvent } from 'sluice'
import { marbles, memory, sameDiagram } from 'sluice/testing'
import { run } from '../support/run.js'

describe('perConnection', () => {
  it('puts what becomes of the packets in their place, on their connection', () =>
    run(({ cold, expectEvents }) => {
      const lengths = perConnection((packets: Observable<string>) => packets.pipe(map(packet => packet.length)))
      const source = cold('co-p-q-(x|)', { p: 'four', q: 'hi' })
      expectEvents(source.pipe(lengths)).toBe('co-4-2-(x|)', { 4: 4, 2: 2 })
    }))

  it('says nothing where nothing comes', () =>
    run(({ expectEvents }) => {
      expectEvents(NEVER.pipe(perConnection(packets => packets))).toBe('-')
      expectEvents(EMPTY.pipe(perConnection(packets => packets))).toBe('|')
    }))

  it('keeps the state of each connection apart', () =>
    run(({ cold, expectEvents }) => {
      const counted = perConnection((packets: Observable<string>) => packets.pipe(scan(count => count + 1, 0)))
      const rows = cold(['-o-a-a---|', '---o-a-ax'])
      expectEvents(rows.pipe(counted)).toBe(['-o-1-2---|', '---o-1-2x'], { 1: 1, 2: 2 })
    }))

  it('tells the project which connection it is for', () =>
    run(({ cold, expectSent }) => {
      const source = cold(['-o-a', '--o-b'])
      const answer = perConnection((packets: Observable<string>, connection: Connection<string>) =>
        packets.pipe(
          tap(packet => connection.send(`${packet}!`)),
          ignoreElements(),
        ),
      )
      source.pipe(answer).subscribe()
      expectSent(source).toBe(['---1', '----2'], { 1: 'a!', 2: 'b!' })
    }))

  it('calls the project when a connection opens, once', () =>
    run(({ cold, at }) => {
      const seen: (string | undefined)[] = []
      const source = cold('-c-o-p-x--c-o-x')
      source
        .pipe(
          perConnection((packets, { id }) => {
            seen.push(id)
            return packets
          }),
        )
        .subscribe()
      at('--a-b-------c', {
        a: () => expect(seen).to.have.length(0),
        b: () => expect(seen).to.have.length(1),
        c: () => expect(seen).to.deep.equal(source.connections.map(({ id }) => id)),
      })
    }))

  it('passes what it does not know, and what is of no connection', () =>
    run(({ cold, expectEvents }) => {
      const letters = { w: { type: 'weather' } }
      expectEvents(cold('lrwo-w-d-e-(x|)', letters).pipe(perConnection(packets => packets))).toBe(
        'lrwo-w-d-e-(x|)',
        letters,
      )
    }))

  it('takes whatever from can make a stream of', () =>
    run(({ cold, expectEvents }) => {
      const greeted = perConnection((packets: Observable<string>): ObservableInput<string> => {
        packets.subscribe()
        return ['h', 'i']
      })
      expectEvents(cold('-o---a').pipe(greeted)).toBe('-(ohi)')
    }))

  describe('in whose results something is caused', () => {
    const bytes = (text: string) => new TextEncoder().encode(text)

    it('tells it behind them, to all who listen', () => {
      const told: string[] = []
      run(() => {
        const network = memory({ latency: 1 })
        network.listen({ port: 1 }).subscribe(event => event.type === 'open' && event.connection.send(bytes('a')))
        const shared = network.connect({ port: 1 }).pipe(perConnection(delay(2)), share())
        shared.subscribe(event => {
          if (event.type === 'packet') event.connection.destroy()
        })
        shared.subscribe(({ type }) => told.push(type))
      })
      expect(told).to.deep.equal(['open', 'packet', 'close'])
    })

    it('tells other results behind them, to all who listen', () => {
      const told: unknown[] = []
      run(({ cold }) => {
        const more = new Subject<string>()
        const shared = cold('-oa-b').pipe(
          perConnection((packets: Observable<string>) => merge(packets, more)),
          share(),
        )
        shared.subscribe(event => {
          if (event.type === 'packet' && event.packet === 'a') more.next('late')
        })
        shared.subscribe(event => event.type === 'packet' && told.push(event.packet))
      })
      expect(told).to.deep.equal(['a', 'late', 'b'])
    })

    it('tells an end behind them, and has it answered when it is told', () => {
      const told: string[] = []
      run(() => {
        const network = memory()
        network.listen({ port: 1 }).subscribe(event => {
          if (event.type === 'open') event.connection.send(bytes('a'))
          if (event.type === 'packet') {
            told.push(new TextDecoder().decode(event.packet))
            event.connection.end()
          }
        })
        network
          .connect({ port: 1 })
          .pipe(perConnection(delay(2)))
          .subscribe(event => {
            if (event.type === 'packet') event.connection.send(bytes('b'))
            if (event.type === 'end') event.connection.send(bytes('z'))
            told.push(event.type)
          })
      })
      expect(told).to.deep.equal(['connecting', 'open', 'b', 'packet', 'z', 'end', 'close'])
    })
  })

  it('refuses what is no project', () => {
    expect(() => perConnection(7 as never)).to.throw('perConnection: project must be a function, not 7')
  })

  describe('before its packets are subscribed to', () => {
    it('holds the connection', () =>
      run(({ cold, expectEvents }) => {
        const source = cold('o-a-b-----e-(x|)')
        const late = perConnection((packets: Observable<string>) => concat(timer(5).pipe(ignoreElements()), packets))
        expectEvents(source.pipe(late)).toBe('o----(ab)-e-(x|)')
      }))

    it('holds it again whenever nobody is, and gives what comes to who subscribes next', () =>
      run(({ cold, expectEvents }) => {
        const source = cold('o-a-b-q-')
        const oneByOne = perConnection((packets: Observable<string>) =>
          packets.pipe(take(1), repeat({ count: 3, delay: () => timer(4) })),
        )
        expectEvents(source.pipe(oneByOne)).toBe('o-a---b---q')
      }))

    it('does not hold it while one of several is', () =>
      run(({ cold, expectEvents }) => {
        const source = cold('o-a-b-')
        const twice = perConnection((packets: Observable<string>) => {
          packets.pipe(take(1)).subscribe()
          return packets
        })
        expectEvents(source.pipe(twice)).toBe('o-a-b-')
      }))

    it('keeps a whole connection paused, so that the peer waits', () => {
      const scheduler = new TestScheduler(sameDiagram)
      scheduler.run(({ flush }) => {
        const net = memory({ window: 10 })
        const handles: Connection[] = []
        net
          .listen({ port: 1 })
          .pipe(perConnection(() => NEVER))
          .subscribe()
        net.connect({ port: 1, writeTimeout: Infinity }).subscribe(event => {
          if (event.type === 'open') handles.push(event.connection)
        })
        handles[0]?.send(new Uint8Array(100))
        expect(handles[0]?.bufferedAmount).to.equal(90)
        flush()
        expect(handles[0]?.bufferedAmount).to.equal(90)
      })
    })
  })

  describe('at the end of a connection', () => {
    it('completes its packets, and tells the end behind what the results still say', () =>
      run(({ cold, expectEvents }) => {
        const all = perConnection((packets: Observable<string>) => packets.pipe(toArray(), delay(3)))
        expectEvents(cold('o-a-b-e').pipe(all)).toBe('o--------(pe)', { p: ['a', 'b'] })
      }))

    it('tells the end at once where nothing more is to be said', () =>
      run(({ cold, expectEvents }) => {
        expectEvents(cold('o-a-e-(x|)').pipe(perConnection(packets => packets))).toBe('o-a-e-(x|)')
        expectEvents(
          cold('o-a-e-(x|)').pipe(perConnection((packets: Observable<string>) => packets.pipe(take(1)))),
        ).toBe('o-a-e-(x|)')
      }))

    it('holds the connection for them, so that the close follows', () =>
      run(({ cold, expectEvents }) => {
        const slow = perConnection((packets: Observable<string>) =>
          packets.pipe(concatMap(packet => of(packet).pipe(delay(4)))),
        )
        expectEvents(cold('o-(ab)e(x|)').pipe(slow)).toBe('o-----a---(bex|)')
      }))

    it('lets a server answer with what it has learned, over a whole connection', () =>
      run(({ expectEvents }) => {
        const net = memory({ latency: 1 })
        const reversed = perConnection((packets: Observable<Uint8Array>, connection: Connection) =>
          packets.pipe(
            toArray(),
            delay(5),
            tap(all => connection.send(Buffer.concat(all).reverse())),
          ),
        )
        net.listen({ port: 1 }).pipe(reversed).subscribe()
        const asking = tap((event: ConnectionEvent) => {
          if (event.type !== 'open') return
          event.connection.send(Buffer.from('abc'))
          event.connection.end()
        })
        expectEvents(net.connect({ port: 1 }).pipe(asking)).toBe('c-o------(pex|)', { p: 'cba' })
      }))
  })

  describe('at the close of a connection', () => {
    it('cancels what still runs, and tells nothing of it', () =>
      run(({ cold, expectEvents }) => {
        const left: number[] = []
        const running = perConnection((packets: Observable<string>) =>
          packets.pipe(mergeMap(() => interval(2).pipe(tap({ unsubscribe: () => left.push(1) })))),
        )
        expectEvents(cold('o-a----(x#)').pipe(running)).toBe('o---0-1(x#)', { 0: 0, 1: 1 })
        expectEvents(
          timer(20).pipe(
            tap(() => {
              expect(left).to.have.length(1)
            }),
            ignoreElements(),
          ),
        ).toBe('20ms |')
      }))

    it('does not take it for the end of the packets', () =>
      run(({ cold, expectEvents }) => {
        const all = perConnection((packets: Observable<string>) => packets.pipe(toArray()))
        expectEvents(cold('o-a-b-(x#)').pipe(all)).toBe('o-----(x#)')
      }))

    it('completes the packets of who has subscribed beside the results', () => {
      const seen: string[] = []
      new TestScheduler(sameDiagram).run(helpers => {
        const beside = perConnection((packets: Observable<string>) => {
          packets.subscribe({ next: packet => seen.push(packet), complete: () => seen.push('complete') })
          return NEVER
        })
        marbles(helpers)
          .cold('o-a-(x#)')
          .pipe(beside)
          .subscribe({ error: () => seen.push('error') })
      })
      expect(seen).to.deep.equal(['a', 'complete', 'error'])
    })

    it('calls nobody who is late', () =>
      run(({ cold, expectEvents }) => {
        const source = cold('o-a-x-b')
        expectEvents(source.pipe(perConnection(packets => packets))).toBe('o-a-x--')
      }))
  })

  describe('whose project fails', () => {
    const failing: Readonly<Record<string, (packets: Observable<string>) => ObservableInput<string>>> = {
      'by throwing at once': () => {
        throw new Error('a bug')
      },
      'by a stream that errors at once': () => throwError(() => new Error('a bug')),
      'by what is no stream': () => 12 as never,
      'by a stream that errors later': packets =>
        packets.pipe(
          map(packet => {
            if (packet === 'b') throw new Error('a bug')
            return packet
          }),
        ),
    }

    for (const [how, project] of Object.entries(failing)) {
      it(`${how} destroys its own connection with ERR_HANDLER, and no other`, () =>
        run(({ cold, expectEvents }) => {
          const rows = ['-o-b-a', '----o-a---x']
          const closed = { x: { type: 'close', reason: 'error', error: 'ERR_HANDLER' } }
          const handled = perConnection((packets: Observable<string>, connection) =>
            connection === script.connections[0] ? project(packets) : packets,
          )
          const script = cold(rows)
          const early = how.includes('later') ? '-o-x' : '-(ox)'
          expectEvents(script.pipe(handled)).toBe([early, '----o-a---y'], {
            ...closed,
            y: { type: 'close', reason: 'remote' },
          })
        }))
    }

    it('tells what was thrown as the cause', () => {
      const thrown = new TypeError('a bug')
      const errors: unknown[] = []
      new TestScheduler(sameDiagram).run(helpers => {
        marbles(helpers)
          .cold('o')
          .pipe(perConnection(() => throwError(() => thrown)))
          .subscribe({ error: (error: unknown) => errors.push(error) })
      })
      expect(errors[0]).to.include({ code: 'ERR_HANDLER', message: 'perConnection threw: a bug', cause: thrown })
    })

    it('keeps what was said before, and tells the close behind it', () =>
      run(({ cold, expectEvents }) => {
        const bad = perConnection(() =>
          concat(
            of('a'),
            throwError(() => new Error('a bug')),
          ),
        )
        expectEvents(cold('o').pipe(bad)).toBe('(oax#)', {}, 'ERR_HANDLER')
      }))

    it('after the end of its packets tells that end, and closes', () =>
      run(({ cold, expectEvents }) => {
        const bad = perConnection((packets: Observable<string>) =>
          concat(
            packets,
            timer(3).pipe(
              map(() => {
                throw new Error('a bug')
              }),
            ),
          ),
        )
        expectEvents(cold('o-e').pipe(bad)).toBe('o----(ex#)', {}, 'ERR_HANDLER')
      }))
  })

  describe('that is left', () => {
    it('by results that are just being subscribed to cancels those too', () => {
      let cancelled = false
      run(({ cold }) => {
        const subscription = new Subscription()
        const results = new Observable<string>(() => {
          subscription.unsubscribe()
          return () => {
            cancelled = true
          }
        })
        subscription.add(
          cold('-o')
            .pipe(perConnection(() => results))
            .subscribe(),
        )
      })
      expect(cancelled).to.equal(true)
    })

    it('leaves its source, and all that runs', () =>
      run(({ cold, expectEvents, expectSubscriptions }) => {
        const source = cold(['-o-a---', '--o-b--'])
        const running = cold('-', {})
        const forever = perConnection(packets =>
          packets.pipe(
            mergeMap(() => running),
            map(() => 0),
          ),
        )
        expectEvents(source.pipe(forever), '^----!').toBe(['-o', '--o'])
        expectSubscriptions(source.subscriptions).toBe('^----!')
        expectSubscriptions(running.subscriptions).toBe(['---^-!', '----^!'])
      }))

    it('by who sees that a connection opens calls no project', () => {
      let called = 0
      new TestScheduler(sameDiagram).run(helpers => {
        marbles(helpers)
          .cold('-o-a')
          .pipe(
            perConnection(() => {
              called += 1
              return NEVER
            }),
            take(1),
          )
          .subscribe()
      })
      expect(called).to.equal(0)
    })

    it('holds no connection any more', () => {
      const paused: (boolean | undefined)[] = []
      new TestScheduler(sameDiagram).run(helpers => {
        const source = marbles(helpers).cold('-o-a')
        source
          .pipe(
            perConnection(() => NEVER),
            takeUntil(timer(5)),
          )
          .subscribe()
        timer(4).subscribe(() => paused.push(source.connections[0]?.paused))
        timer(6).subscribe(() => paused.push(source.connections[0]?.paused))
      })
      expect(paused).to.deep.equal([true, false])
    })
  })

  it('ends as its source does', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('-o-(x#)', {}, 'EPIPE').pipe(perConnection(packets => packets))).toBe('-o-(x#)', {}, 'EPIPE')
      expectEvents(cold('-o-|').pipe(perConnection(packets => packets))).toBe('-o-|')
      expectEvents(
        from([]).pipe(
          startWith({ type: 'weather' }),
          perConnection(() => NEVER),
        ),
      ).toBe('(w|)', { w: { type: 'weather' } })
    }))
})
