import { expect } from 'chai'
import fc from 'fast-check'
import {
  EMPTY,
  NEVER,
  Subject,
  concat,
  from,
  map,
  of,
  range,
  share,
  take,
  tap,
  throwError,
  timer,
  type Observable,
} from 'rxjs'
import { consume, reconnect, type CloseEvent, type ConsumeOptions, type PacketEvent } from 'sluice'
import type { SkippedEvent } from 'sluice/framing'
import { memory, recordingConnection } from 'sluice/testing'
import { memoryTaken } from '../support/memory-taken.js'
import { leavesNothing, run } from '../support/run.js'

/** An answer that takes so many frames. */
function after<T>(frames: number, result: T): Observable<T> {
  return timer(frames).pipe(map(() => result))
}

describe('consume', () => {
  describe('tells what came of the packets in their place', () => {
    it('none, one or many for each', () =>
      run(({ cold, expectEvents }) => {
        const answers: Record<string, string[]> = { a: [], b: ['B'], g: ['1', '2', '3'] }
        const stream = cold('co-a-b-g----(x|)').pipe(consume(packet => answers[packet] ?? []))
        expectEvents(stream).toBe('co---B-(123)(x|)')
      }))

    it('which may be promised', async () => {
      const seen: unknown[] = []
      await new Promise<void>(complete => {
        of({ type: 'packet', connection: recordingConnection(), packet: 'a' } as const)
          .pipe(consume(packet => Promise.resolve(packet.toUpperCase())))
          .subscribe({ next: event => seen.push(event.packet), complete })
      })
      expect(seen).to.deep.equal(['A'])
    })

    it('of the connection on which they came', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold(['-o-a---b-(x|)', '-o---a'])
        const upper = dial.pipe(consume((packet, connection) => of(`${packet}${dial.connections.indexOf(connection)}`)))
        const letters = { a: 'a0', A: 'a1', b: 'b0' }
        expectEvents(upper).toBe(['-o-a---b-(x|)', '-o---A'], letters)
      }))
  })

  describe('handles', () => {
    it('one packet at a time, unless told otherwise', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('-oab---------').pipe(consume(packet => after(4, packet)))
        expectEvents(stream, '^------------!').toBe('-o----a---b')
      }))

    it('several at once', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('-oabg--------').pipe(consume(packet => after(4, packet), { concurrency: 2 }))
        expectEvents(stream, '^------------!').toBe('-o----ab--g')
      }))

    it('each connection on its own', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold(['-oab-------', '-o--g------']).pipe(consume(packet => after(4, packet)))
        expectEvents(stream, '^----------!').toBe(['-o----a---b', '-o------g'])
      }))

    it('several at once, and tells it in the order of the packets', () =>
      run(({ cold, plain, expectEvents }) => {
        const answers = { a: plain.cold('-----1---2|'), b: plain.cold('345|'), g: plain.cold('--6|') }
        const stream = cold('-oabg-------').pipe(
          consume(packet => answers[packet as keyof typeof answers], { concurrency: 3 }),
        )
        expectEvents(stream, '^------------!').toBe('-o-----1---2(3456)')
      }))

    it('several at once, and tells it as it comes', () =>
      run(({ cold, plain, expectEvents }) => {
        const answers = { a: plain.cold('-----1---2|'), b: plain.cold('345|'), g: plain.cold('--6|') }
        const stream = cold('-oabg-------').pipe(
          consume(packet => answers[packet as keyof typeof answers], { concurrency: 3, ordered: false }),
        )
        expectEvents(stream, '^------------!').toBe('-o-34561---2')
      }))
  })

  describe('keeps of a packet whose turn has not come', () => {
    const count = (answer: Observable<number>, options: ConsumeOptions) => {
      const first = new Subject<number>()
      const source = new Subject<PacketEvent<'first' | 'second'>>()
      const connection = recordingConnection()
      let told = 0
      source.pipe(consume(packet => (packet === 'first' ? first : answer), options)).subscribe(() => {
        told += 1
      })
      source.next({ type: 'packet', connection, packet: 'first' })
      source.next({ type: 'packet', connection, packet: 'second' })
      first.complete()
      return { told, state: connection.state }
    }

    it('1 024 results, and no more', () => {
      expect(count(range(1_024), { concurrency: 2 })).to.deep.equal({ told: 1_024, state: 'open' })
      expect(count(range(1_025), { concurrency: 2 })).to.deep.equal({ told: 0, state: 'closed' })
    })

    it('nothing, where there is no turn to wait for', () => {
      expect(count(range(5_000), { concurrency: 2, ordered: false })).to.deep.equal({ told: 5_000, state: 'open' })
      expect(count(range(5_000), {})).to.deep.equal({ told: 5_000, state: 'open' })
    })
  })

  describe('keeps behind a packet that takes long', () => {
    const stuck = (packet: Uint8Array | 'first') => (packet === 'first' ? NEVER : EMPTY)

    it('no more packets than are handled at once, and lets the peer wait', () => {
      const source = new Subject<PacketEvent<Uint8Array | 'first'>>()
      const connection = recordingConnection()
      let handled = 0
      source
        .pipe(
          consume(
            packet => {
              handled += 1
              return stuck(packet)
            },
            { concurrency: 3, prefetch: 4 },
          ),
        )
        .subscribe()
      source.next({ type: 'packet', connection, packet: 'first' })
      for (let sent = 0; sent < 100 && !connection.paused; sent += 1)
        source.next({ type: 'packet', connection, packet: Uint8Array.of(sent) })
      expect([handled, connection.paused]).to.deep.equal([3, true])
    })

    it('nothing of those that are done, where there is no order to keep', () => {
      const source = new Subject<PacketEvent<Uint8Array | 'first'>>()
      const connection = recordingConnection()
      source.pipe(consume(stuck, { concurrency: 2, ordered: false })).subscribe()
      source.next({ type: 'packet', connection, packet: 'first' })
      const taken = memoryTaken(() => {
        for (let sent = 0; sent < 1_000; sent += 1)
          source.next({ type: 'packet', connection, packet: new Uint8Array(10_000) })
      })
      expect(connection.paused).to.equal(false)
      expect(taken).to.be.below(1_000_000)
    })

    it('no more events than packets, since a peer can cause those too', () => {
      const source = new Subject<PacketEvent<'first'> | SkippedEvent>()
      const connection = recordingConnection()
      let sent = 0
      source.pipe(consume(() => NEVER, { prefetch: 4 })).subscribe()
      source.next({ type: 'packet', connection, packet: 'first' })
      for (; sent < 100 && !connection.paused; sent += 1) source.next({ type: 'skipped', connection, size: 1 })
      expect(sent).to.equal(4)
    })
  })

  describe('holds the connection', () => {
    const holds = { p: { call: 'pause' }, r: { call: 'resume' } }

    it('while as many packets wait as it may, and lets go at half', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('        -oabfghi')
        const stream = dial.pipe(consume(packet => after(4, packet), { prefetch: 4 }))
        expectEvents(stream).toBe(' -o----a---b---f---g---h---i')
        expectSent(dial).toBe('     ------p---r', holds)
      }))

    it('however many are handled at once, when one more waits than it may', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('-oabfghi')
        expectEvents(dial.pipe(consume(() => NEVER, { concurrency: 4, prefetch: 1 }))).toBe('-o')
        expectSent(dial).toBe('------p', holds)
      }))

    it('only if it is behind', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('-o-a-b-g-')
        expectEvents(dial.pipe(consume(packet => of(packet), { prefetch: 1 }))).toBe('-o-a-b-g-')
        expectSent(dial).toBe('', holds)
      }))

    it('so that no more wait than it said, however they come', () => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom('-', 'p', 'pppppppp'), { maxLength: 20 }),
          fc.array(fc.nat(5), { minLength: 1 }),
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 1, max: 3 }),
          (arrivals, lengths, prefetch, concurrency) => {
            let arrived = 0
            let begun = 0
            let most = 0
            run(({ cold }) => {
              const answers = lengths.values()
              cold(`o${arrivals.join('')}`)
                .pipe(
                  tap(({ type }) => {
                    if (type !== 'packet') return
                    arrived += 1
                    most = Math.max(most, arrived - begun)
                  }),
                  consume(
                    () => {
                      begun += 1
                      return timer(answers.next().value ?? 0)
                    },
                    { prefetch, concurrency },
                  ),
                )
                .subscribe()
            })
            expect(begun).to.equal(arrived)
            expect(arrived).to.equal(arrivals.join('').replaceAll('-', '').length)
            expect(most).to.be.at.most(prefetch)
          },
        ),
      )
    })
  })

  describe('tells behind the packets', () => {
    it('the end, and holds the connection until then', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('           -oab-e----------(x|)')
        const stream = dial.pipe(consume(packet => after(4, packet)))
        expectEvents(stream).toBe('    -o----a---(be)--(x|)')
        expectSent(dial).toBe('        -----p----r', { p: { call: 'pause' }, r: { call: 'resume' } })
      }))

    it('the end, which the connection answers only then, so that the last packet can be', () =>
      run(({ expectEvents }) => {
        const net = memory()
        const text = (packet: Uint8Array) => new TextDecoder().decode(packet)
        const server = net
          .listen({ port: 1 })
          .pipe(consume((packet, connection) => after(4, packet).pipe(tap(answer => connection.send(answer)))))
        server.subscribe()
        const client = net.connect({ port: 1 }).pipe(
          tap(event => {
            if (event.type !== 'open') return
            event.connection.send(new TextEncoder().encode('a'))
            event.connection.end()
          }),
          map(event => (event.type === 'packet' ? { ...event, packet: text(event.packet) } : event)),
        )
        expectEvents(client).toBe('(co)(aex|)')
      }))

    it('the close, even of a failure, and the error behind it', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('           -oab-(x#)')
        const stream = dial.pipe(consume(packet => after(4, packet)))
        expectEvents(stream).toBe('   -o----a---(bx#)')
      }))

    it('the events of other operators, but not the drain', () =>
      run(({ cold, expectEvents }) => {
        const beat = { h: { type: 'heartbeat', roundTrip: 3 } }
        const dial = cold('        -oabhfd-(x|)', beat)
        const stream = dial.pipe(consume(packet => after(6, packet), { concurrency: 2 }))
        expectEvents(stream).toBe(' -o----d-a(bh)-(fx|)', beat)
      }))

    it('nothing where they are done, and handles those that follow', () =>
      run(({ cold, expectEvents }) => {
        const beat = { h: { type: 'heartbeat', roundTrip: 3 } }
        const dial = cold('        -oa-h-b-h-g-', beat)
        expectEvents(dial.pipe(consume(packet => of(packet)))).toBe('-oa-h-b-h-g-', beat)
      }))

    it('nothing, where there are none', () =>
      run(({ cold, expectEvents }) => {
        expectEvents(cold('lco-d-(ex|)').pipe(consume(() => NEVER))).toBe('lco-d-(ex|)')
        expectEvents(cold('c-(x#)').pipe(consume(() => NEVER))).toBe('      c-(x#)')
        expectEvents(EMPTY.pipe(consume(() => NEVER))).toBe('               |')
        expectEvents(NEVER.pipe(consume(() => NEVER))).toBe('               -')
      }))

    it('what belongs to that connection, and lets others pass', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold(['-oa-e-x--', '--o---b-e-'])
        const stream = dial.pipe(consume(packet => after(5, packet)))
        expectEvents(stream).toBe(['-o-----(aex)', '--o--------(be)'])
      }))
  })

  describe('where a project fails', () => {
    const failing = (packet: string) => (packet === 'f' ? throwError(() => new Error('cannot')) : after(4, packet))

    it('destroys that connection, drops what waits there, and goes on with the others', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold(['-oafbg-----', '--o-a-b'])
        const stream = dial.pipe(consume(failing))
        expectEvents(stream).toBe(['-o----(ax)', '--o-----a---b'], { x: { type: 'close', error: 'ERR_HANDLER' } })
      }))

    it('takes what it throws for that as well', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold(['-oa-', '--o-b'])
        const stream = dial.pipe(
          consume(packet => {
            if (packet === 'a') throw new Error('cannot')
            return [packet]
          }),
        )
        expectEvents(stream).toBe(['-ox', '--o-b'], { x: { type: 'close', error: 'ERR_HANDLER' } })
      }))

    it('cancels what else is handled there', () =>
      run(({ cold, plain, expectEvents, expectSubscriptions }) => {
        const slow = plain.cold('--------a|')
        const bad = plain.cold(' --#')
        const dial = cold('-oab')
        const stream = dial.pipe(consume(packet => (packet === 'a' ? slow : bad), { concurrency: 2 }))
        expectEvents(stream).toBe('-o---(x#)', { x: { type: 'close', error: 'ERR_HANDLER' } }, 'ERR_HANDLER')
        expectSubscriptions(slow.subscriptions).toBe('--^--!')
      }))

    it('says so in the close, if the connection is gone already', () =>
      run(({ cold, expectEvents }) => {
        const close = (reason: string, error: string) => ({ x: { type: 'close', reason, error } })
        for (const [reason, told] of [
          ['remote', 'error'],
          ['local', 'local'],
        ] as const) {
          const left = cold('-oaf-(x|)', { x: { type: 'close', reason } })
          expectEvents(left.pipe(consume(failing))).toBe('-o----(ax|)', close(told, 'ERR_HANDLER'))
        }
        const lost = cold('-oaf-(x#)')
        expectEvents(lost.pipe(consume(failing))).toBe('-o----(ax#)', close('error', 'ECONNRESET'))
      }))

    it('handles nothing more there, though more may come', () => {
      const source = new Subject<PacketEvent<string>>()
      const connection = recordingConnection()
      const handled: string[] = []
      source
        .pipe(
          consume(packet => {
            handled.push(packet)
            return throwError(() => new Error('cannot'))
          }),
        )
        .subscribe()
      for (const packet of ['a', 'b']) source.next({ type: 'packet', connection, packet })
      expect(handled).to.deep.equal(['a'])
    })

    it('keeps the close, even if the failure comes while others are told', () => {
      const answers = { a: new Subject<string>(), b: new Subject<string>(), f: new Subject<string>() }
      const source = new Subject<PacketEvent<'a' | 'b' | 'f'> | CloseEvent>()
      const connection = recordingConnection()
      const told: string[] = []
      source.pipe(consume(packet => answers[packet], { concurrency: 3 })).subscribe(event => {
        told.push(event.type === 'packet' ? event.packet : `${event.type} ${String(event.error)}`)
        if (event.type === 'packet') answers.f.error(new Error('cannot'))
      })
      for (const packet of ['a', 'b', 'f'] as const) source.next({ type: 'packet', connection, packet })
      source.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
      answers.b.next('b1')
      answers.b.complete()
      answers.a.complete()
      expect(told).to.deep.equal(['b1', 'close SluiceError: the project of consume threw: cannot'])
    })

    it('or gives too much before its turn, the others go on as well', () =>
      run(({ cold, expectEvents }) => {
        const answer = (packet: string) =>
          packet === 'f' ? range(1_025).pipe(map(result => String(result))) : after(4, packet)
        const dial = cold(['-oaf-----', '--o-a-b'])
        const stream = dial.pipe(consume(answer, { concurrency: 2 }))
        expectEvents(stream).toBe(['-o-x', '--o-----a-b'], { x: { type: 'close', error: 'ERR_RESULT_OVERFLOW' } })
      }))

    it('lets the client come back', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('-of-----').pipe(consume(failing), reconnect([3]))
        expectEvents(stream, '^------!').toBe('-o(xr)o', { x: { type: 'close', error: 'ERR_HANDLER' } })
      }))
  })

  it('tells in the order in which it happened what happens while it tells', () => {
    const answers = { a: new Subject<string>(), b: new Subject<string>() }
    const source = new Subject<PacketEvent<'a' | 'b'>>()
    const connection = recordingConnection()
    const stream = source.pipe(
      consume(packet => answers[packet], { concurrency: 2, ordered: false }),
      share(),
    )
    const first: string[] = []
    const second: string[] = []
    stream.subscribe(({ packet }) => {
      first.push(packet)
      if (packet === 'a1') answers.b.next('b1')
    })
    stream.subscribe(({ packet }) => second.push(packet))
    source.next({ type: 'packet', connection, packet: 'a' })
    source.next({ type: 'packet', connection, packet: 'b' })
    answers.a.next('a1')
    answers.a.next('a2')
    expect(first).to.deep.equal(['a1', 'b1', 'a2'])
    expect(second).to.deep.equal(first)
  })

  it('cancels everything, and lets go, when it is unsubscribed from', () =>
    run(({ cold, plain, expectEvents, expectSent, expectSubscriptions }) => {
      const answer = plain.cold('-----------a|')
      const dial = cold('  -oabfg')
      expectEvents(dial.pipe(consume(() => answer, { concurrency: 2, prefetch: 2 })), '^-------!').toBe('-o')
      expectSubscriptions(answer.subscriptions).toBe(['--^-----!', '---^----!'])
      expectSent(dial).toBe('-----p--r', { p: { call: 'pause' }, r: { call: 'resume' } })
    }))

  it('handles nothing more once it is unsubscribed from', () => {
    const handled: string[] = []
    const source = from(['a', 'b']).pipe(
      map(packet => ({ type: 'packet', connection: recordingConnection(), packet }) as const),
    )
    source
      .pipe(
        consume(packet => {
          handled.push(packet)
          return [packet]
        }),
        take(1),
      )
      .subscribe()
    expect(handled).to.deep.equal(['a'])
  })

  it('lets go of an answer that it is told of while it subscribes to it', () => {
    const answer = new Subject<string>()
    of({ type: 'packet', connection: recordingConnection(), packet: 'a' } as const)
      .pipe(
        consume(packet => concat(of(packet), answer)),
        take(1),
      )
      .subscribe()
    expect(answer.observed).to.equal(false)
  })

  it('leaves nothing, whenever it is unsubscribed from', () => {
    leavesNothing(20, ({ cold }) => cold('-oabf-(ex|)').pipe(consume(packet => after(3, packet), { prefetch: 1 })))
  })

  it('names all that is wrong with its options', () => {
    const wrong = { concurrency: 0, prefetch: 1.5, ordered: 'no', parallel: 2 }
    for (const name of Object.keys(wrong)) {
      const refused = expect(() => consume(() => EMPTY, wrong as object)).to.throw(name)
      refused.with.property('code', 'ERR_OPTIONS')
    }
  })

  it('names a project that is none with them', () => {
    expect(() => consume(7 as never, { prefetch: 0 }))
      .to.throw(/^consume: project must be a function, not 7; prefetch /)
      .with.property('code', 'ERR_OPTIONS')
    expect(() => consume(() => EMPTY, null as never)).to.throw('consume: options must be an object, not null')
  })

  it('refuses to have no bound', () => {
    for (const unbounded of [{ concurrency: Infinity }, { prefetch: Infinity }])
      expect(() => consume(() => EMPTY, unbounded)).to.throw(/must be a whole number, more than 0, not Infinity/)
  })
})
