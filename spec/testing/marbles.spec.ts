import { expect } from 'chai'
import { EMPTY, map, mergeMap, NEVER, of, retry, tap, throwError, timer } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { SluiceError, reconnect, type Connection, type ConnectionEvent, type ConnectionStream } from 'sluice'
import { marbles, recordingConnection, sameDiagram, type EventHelpers } from 'sluice/testing'
import { run } from '../support/run.js'

/** What a diagram that fails has to say. */
function failure(test: (helpers: EventHelpers) => void): string {
  try {
    new TestScheduler(sameDiagram).run(helpers => {
      test(marbles(helpers))
    })
  } catch (error) {
    return (error as Error).message
  }
  return 'no failure'
}

/** All that a stream tells in virtual time, with the frames. */
function toldBy(source: (helpers: EventHelpers) => ConnectionStream<{ readonly type: string }>): unknown[] {
  const told: unknown[] = []
  const scheduler = new TestScheduler(() => undefined)
  scheduler.run(helpers => {
    source(marbles(helpers)).subscribe({
      next: event => told.push([scheduler.frame, event]),
      error: (error: unknown) => told.push([scheduler.frame, error]),
      complete: () => told.push([scheduler.frame, 'complete']),
    })
  })
  return told
}

describe('marbles', () => {
  describe('cold', () => {
    it('tells the life of a connection', () => {
      const told = toldBy(({ cold }) => cold('co-p-d-e-(x|)')) as [number, ConnectionEvent<string>][]
      expect(told.map(([frame, event]) => [frame, typeof event === 'string' ? event : event.type])).to.deep.equal([
        [0, 'connecting'],
        [1, 'open'],
        [3, 'packet'],
        [5, 'drain'],
        [7, 'end'],
        [9, 'close'],
        [9, 'complete'],
      ])
    })

    it('fills in what an event has', () => {
      const told = toldBy(({ cold }) => cold('o(x|)')) as [number, object][]
      expect(told[0]?.[1]).to.include({ type: 'open', session: 1 })
      expect(told[1]?.[1])
        .to.include({ type: 'close', reason: 'remote', bytesUnsent: 0 })
        .and.not.have.property('error')
      const [retrying, listening] = toldBy(({ cold }) => cold('(rl)')) as [number, object][]
      expect(retrying?.[1]).to.deep.equal({ type: 'retry', attempt: 1, delay: 0, cause: undefined })
      expect(listening?.[1]).to.have.nested.property('listener.paused', false)
    })

    it('gives the error of the stream to the close of that frame, and to no other', () => {
      const told = toldBy(({ cold }) => cold('o-x-o-(x#)', {}, 'EPIPE')) as [number, { error?: unknown }][]
      const error = told.at(-1)?.[1]
      expect(error).to.be.instanceOf(Error).with.property('code', 'EPIPE')
      expect(told[1]?.[1]).to.include({ reason: 'remote' })
      expect(told[3]?.[1]).to.include({ reason: 'error', error })
    })

    it('errors with ECONNRESET, unless told otherwise', () => {
      expect(toldBy(({ cold }) => cold('#')).flat()[1]).to.have.property('code', 'ECONNRESET')
      const error = new Error('its own')
      expect(toldBy(({ cold }) => cold('#', {}, error)).flat()[1]).to.equal(error)
    })

    it('takes packets and events from the letters, and other letters for packets', () => {
      const packets: unknown[] = []
      const told = toldBy(({ cold }) =>
        cold('pqot', { p: 12, t: { type: 'close', reason: 'timeout', error: 'ERR_IDLE_TIMEOUT' } }).pipe(
          tap(event => {
            if (event.type === 'packet') packets.push(event.packet)
          }),
        ),
      ) as [number, { error?: unknown }][]
      expect(packets).to.deep.equal([12, 'q'])
      expect(told.at(-1)?.[1]).to.include({ type: 'close', reason: 'timeout', bytesUnsent: 0 })
      expect(told.at(-1)?.[1].error).to.be.instanceOf(Error).with.property('code', 'ERR_IDLE_TIMEOUT')
    })

    it('lets a letter mean something else, and takes packets that look like events for packets when told so', () => {
      const told = toldBy(({ cold }) => cold('-o-x', { x: 'a packet', o: { type: 'packet', packet: { type: 'odd' } } }))
      expect(told.map(each => (each as [number, object])[1])).to.satisfy(
        (events: { type: string; packet: unknown }[]) => events.every(({ type }) => type === 'packet'),
      )
    })

    it('tells each subscriber of a connection of its own', () =>
      run(({ cold, expectEvents, expectObservable, expectSubscriptions }) => {
        const dial = cold('-o-(x#)')
        expectEvents(dial.pipe(retry(1))).toBe('-o-xo-(x#)', { x: { type: 'close', error: 'ECONNRESET' } })
        expectSubscriptions(dial.subscriptions).toBe(['^--!', '---^--!'])
        expectObservable(timer(10).pipe(map(() => new Set(dial.connections.map(({ id }) => id)).size))).toBe(
          '10ms (n|)',
          { n: 2 },
        )
      }))

    it('has the state of its connection follow', () =>
      run(({ cold, at }) => {
        const dial = cold('-c-o-p-d-(x|)', { p: 'four' })
        dial.subscribe()
        const [connection] = dial.connections
        const states: unknown[] = []
        const look = () =>
          states.push([connection?.state, connection?.openedAt, connection?.bytesRead, connection?.bufferedAmount])
        connection && (connection.bufferedAmount = 9)
        at('a-b-c-d-e-f', {
          a: look,
          b: look,
          c: look,
          d: look,
          e: look,
          f: () => {
            look()
            expect(states).to.deep.equal([
              ['connecting', undefined, 0, 9],
              ['connecting', undefined, 0, 9],
              ['open', 3, 0, 9],
              ['open', 3, 4, 9],
              ['open', 3, 4, 0],
              ['closed', 3, 4, 0],
            ])
          },
        })
      }))

    it('is open from the start where its diagram does not open it', () => {
      new TestScheduler(() => undefined).run(helpers => {
        const { cold } = marbles(helpers)
        const [late, opened, bare] = [cold('-o'), cold('--p'), cold('--r')]
        for (const script of [late, opened, bare]) script.subscribe()
        expect(late.connections[0]?.state).to.equal('connecting')
        expect(opened.connections[0]?.state).to.equal('open')
        expect(bare.connections).to.deep.equal([])
      })
    })

    it('has one connection after the other in one diagram', () =>
      run(({ cold, expectEvents }) => {
        const script = cold('co-a-x--co-b-x')
        expectEvents(script.pipe(tap({ finalize: () => undefined }))).toBe('co-a-x--co-b-x')
        expectEvents(
          timer(20).pipe(
            mergeMap(() => {
              expect(script.connections).to.have.length(2)
              expect(script.connections.map(({ state }) => state)).to.deep.equal(['closed', 'closed'])
              return EMPTY
            }),
          ),
        ).toBe('20ms |')
      }))
  })

  describe('a paused connection', () => {
    it('tells packets, its end and an orderly close later, and a drain at once', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('o-a-b-d-e-(x|)')
        held(script, at, '-p----------r')
        expectEvents(script).toBe('o-----d-----(abex|)')
      }))

    it('tells a failure at once, and nothing of what it held', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('o-a-b-(x#)')
        held(script, at, '-p----------r')
        expectEvents(script).toBe('o-----(x#)', {}, 'ECONNRESET')
      }))

    it('tells nothing of what it held behind a failure, though the stream goes on', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('lo-a-t----|', { t: { type: 'close', reason: 'error', error: 'ECONNRESET' } })
        held(script, at, '--p----r')
        expectEvents(script).toBe('lo---x----|')
      }))

    it('tells no more when it is paused again by what it tells', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('o-a-b-')
        held(script, at, '-p---------r')
        expectEvents(
          script.pipe(
            tap(event => {
              if (event.type === 'packet') event.connection.pause()
            }),
          ),
        ).toBe('o----------a')
      }))

    it('does not hold up the next one of its diagram', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('lo-a-x-o-b--x')
        held(script, at, '--p--------r')
        expectEvents(script).toBe(['lo---------(ax)', '-------o-b--x'])
      }))

    it('does not hold up another', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold(['o-a-b|', '-o-a-'])
        held(script, at, '-p----r')
        expectEvents(script).toBe(['o-----(ab|)', '-o-a'])
      }))
  })

  describe('a connection that closes', () => {
    it('says who has ended it, as every connection does', () =>
      run(({ cold, expectEvents }) => {
        const ended = (diagram: string, act: (connection: Connection<string>) => void, error?: string) =>
          cold(diagram, {}, error).pipe(
            tap(event => {
              if (event.type === 'packet' || event.type === 'end') act(event.connection)
            }),
          )
        const by = (reason: string) => ({ x: { type: 'close', reason } })
        const used = (connection: Connection<string>) => {
          connection.send('b')
          connection.pause().unsubscribe()
        }
        const closed = (connection: Connection<string>) => {
          connection.close()
        }
        const shutDown = (connection: Connection<string>) => {
          connection.close('shutdown')
        }
        const halfClosed = (connection: Connection<string>) => {
          connection.end()
        }
        expectEvents(ended('o-a-(x|)', used)).toBe('o-a-(x|)', by('remote'))
        expectEvents(ended('o-a-(x|)', closed)).toBe('o-a-(x|)', by('local'))
        expectEvents(ended('o-a-(x|)', shutDown)).toBe('o-a-(x|)', by('shutdown'))
        expectEvents(ended('o-a-(x|)', halfClosed)).toBe('o-a-(x|)', by('local'))
        expectEvents(ended('o-a-e-(x|)', halfClosed)).toBe('o-a-e-(x|)', by('local'))
        expectEvents(ended('o-e-(x|)', halfClosed)).toBe('o-e-(x|)', by('remote'))
        expectEvents(ended('o-e-(x|)', closed)).toBe('o-e-(x|)', by('local'))
        expectEvents(ended('o-a-(x#)', closed)).toBe('o-a-(x#)', by('local'))
        expectEvents(ended('o-a-(x#)', () => undefined, 'ERR_IDLE_TIMEOUT')).toBe('o-a-(x#)', by('timeout'))
      }))

    it('is not dialled again when we have closed it', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('o-a-(x|)').pipe(
          tap(event => {
            if (event.type === 'packet') event.connection.close()
          }),
        )
        expectEvents(dial.pipe(reconnect([4]))).toBe('o-a-(x|)')
      }))
  })

  describe('a connection that is destroyed', () => {
    it('tells its close, and with it the dial ends', () =>
      run(({ cold, expectEvents }) => {
        const destroyed = (error?: Error) =>
          cold('o-a-b-(x|)').pipe(
            tap(event => {
              if (event.type === 'packet') event.connection.destroy(error)
            }),
          )
        const timeout = new SluiceError('ERR_IDLE_TIMEOUT', 'idle')
        expectEvents(destroyed()).toBe('o-(ax|)', { x: { type: 'close', reason: 'local' } })
        expectEvents(destroyed(timeout)).toBe(
          'o-(ax#)',
          { x: { type: 'close', reason: 'timeout', error: timeout } },
          timeout,
        )
        expectEvents(destroyed(new Error('a bug'))).toBe('o-(ax#)', { x: { type: 'close', reason: 'error' } })
      }))

    it('tells its close when it is closed before it has opened', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('c--o').pipe(
          tap(event => {
            if (event.type === 'connecting') event.connection.close()
          }),
        )
        expectEvents(dial).toBe('(cx|)', { x: { type: 'close', reason: 'local' } })
      }))

    it('does not end a stream of several', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold(['lo-a-b-', '-o-a-b-(x|)'])
        expectEvents(script).toBe(['lo-ax--|', '-o-a-b-x'], { x: { type: 'close' } })
        at('----d', { d: () => script.connections[0]?.destroy(new Error('a bug')) })
      }))

    it('tells nothing of what it held', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('lo-a-----|')
        held(script, at, '--p--r')
        at('----d', { d: () => script.connections[0]?.destroy() })
        expectEvents(script).toBe('lo--x----|')
      }))

    it('may be followed by another', () =>
      run(({ cold, expectEvents, at }) => {
        const script = cold('l-o-a-b-o-a')
        expectEvents(script).toBe('l-o-ax--o-a')
        at('-----d', { d: () => script.connections[0]?.destroy() })
      }))
  })

  describe('hot', () => {
    it('happens from the start, to all who are there, on the same connections', () =>
      run(({ hot, expectEvents, expectObservable, expectSubscriptions }) => {
        const script = hot('co-a-b-(x|)')
        const [connection] = script.connections
        expectEvents(script).toBe('co-a-b-(x|)')
        expectEvents(script, '----^').toBe('-----b-(x|)')
        expectEvents(script, '----^-!').toBe('-----b')
        expectSubscriptions(script.subscriptions).toBe(['^------!', '----^--!', '----^-!'])
        expect(connection?.state).to.equal('connecting')
        expectObservable(timer(4).pipe(map(() => [connection?.state, script.connections.length]))).toBe('----(s|)', {
          s: ['open', 1],
        })
      }))
  })

  describe('at', () => {
    it('does what is said, whenever its letter comes', () => {
      const done: unknown[] = []
      const scheduler = new TestScheduler(() => undefined)
      scheduler.run(helpers => {
        marbles(helpers).at('a-b 5ms (ab)', {
          a: () => done.push(['a', scheduler.frame]),
          b: () => done.push(['b', scheduler.frame]),
        })
      })
      expect(done).to.deep.equal([
        ['a', 0],
        ['b', 2],
        ['a', 8],
        ['b', 8],
      ])
    })

    it('refuses a letter that nothing is said about', () => {
      expect(
        failure(({ at }) => {
          at('--a-b', { a: () => undefined })
        }),
      ).to.equal("no action is given for 'b'")
    })
  })

  describe('expectEvents', () => {
    const event = (type: string, more: object = {}) => of({ type, connection: recordingConnection(), ...more })

    it('compares letters, frames, the error and the end', () => {
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o-a')).toBe('o-b')
        }),
      ).to.contain('expected: o-b\n  actual:   o-a')
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o-a')).toBe('o--a')
        }),
      ).to.contain('actual:   o-a')
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o|')).toBe('o')
        }),
      ).to.contain('actual:   o|')
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o#')).toBe('o#', {}, 'EPIPE')
        }),
      ).to.contain('actual:   o#⟨ECONNRESET⟩')
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o#')).toBe('o#', {}, 'ECONNRESET')
        }),
      ).to.equal('no failure')
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold('o#')).toBe('o#')
        }),
      ).to.equal('no failure')
    })

    it('takes any error for right where none is named, be it no Error', () =>
      run(({ expectEvents }) => {
        for (const thrown of [new Error('boom'), 'boom', 7, undefined]) expectEvents(throwError(() => thrown)).toBe('#')
      }))

    it('takes an error for that which is expected when it is the same', () => {
      const error = new Error('this one')
      const failing = throwError(() => error)
      expect(
        failure(({ expectEvents }) => {
          expectEvents(failing).toBe('#', {}, error)
        }),
      ).to.equal('no failure')
      expect(
        failure(({ expectEvents }) => {
          expectEvents(failing).toBe('#', {}, new Error('another'))
        }),
      ).to.contain('#⟨this one⟩')
    })

    it('knows packets by what the letters say, and bytes by their text', () =>
      run(({ expectEvents }) => {
        const packet = (value: unknown) => event('packet', { packet: value })
        expectEvents(packet({ id: 1 })).toBe('(p|)', { p: { id: 1 } })
        expectEvents(packet(new Uint8Array([104, 105]))).toBe('(p|)', { p: 'hi' })
        expectEvents(packet(new Uint8Array([104, 105]))).toBe('(p|)', { p: new Uint8Array([104, 105]) })
        expectEvents(packet(new Uint8Array([97]))).toBe('(a|)')
        expectEvents(packet('a')).toBe('(a|)')
        expectEvents(packet('x')).toBe('(p|)', { p: 'x' })
        expectEvents(packet({ type: 'ping' })).toBe('(p|)', { p: { type: 'packet', packet: { type: 'ping' } } })
      }))

    it('shows a packet that has no letter', () => {
      const shows = (packet: unknown, letters = {}) =>
        failure(({ expectEvents }) => {
          expectEvents(event('packet', { packet })).toBe('(p|)', letters)
        })
      expect(shows('x')).to.contain('(⟨packet "x"⟩|)')
      expect(shows('long')).to.contain('(⟨packet "long"⟩|)')
      expect(shows(new Uint8Array([0xff, 1]))).to.contain('(⟨packet [255,1]⟩|)')
      expect(shows('p', { p: 'q' })).to.contain('(⟨packet "p"⟩|)')
      expect(shows(undefined)).to.contain('(⟨packet⟩|)')
    })

    it('asks of an event what its letter says, and no more', () => {
      const close = event('close', { reason: 'error', error: new SluiceError('ERR_HANDLER', 'thrown'), bytesUnsent: 3 })
      const compare = (x: object) =>
        failure(({ expectEvents }) => {
          expectEvents(close).toBe('(x|)', { x: { type: 'close', ...x } })
        })
      expect(compare({})).to.equal('no failure')
      expect(compare({ reason: 'error', bytesUnsent: 3, error: 'ERR_HANDLER' })).to.equal('no failure')
      expect(compare({ error: 'EPIPE' })).to.contain('(⟨close "error" ERR_HANDLER⟩|)')
      expect(compare({ reason: 'local' })).to.contain('⟨close')
    })

    it('knows events that others have added, if a letter says them', () => {
      expect(
        failure(({ expectEvents }) => {
          expectEvents(event('weather')).toBe('(w|)', { w: { type: 'weather' } })
        }),
      ).to.equal('no failure')
      expect(
        failure(({ expectEvents }) => {
          expectEvents(event('weather')).toBe('(w|)')
        }),
      ).to.contain('(⟨weather⟩|)')
    })

    it('subscribes and unsubscribes when it is told to', () =>
      run(({ cold, expectEvents, expectSubscriptions }) => {
        const script = cold('o-a-b-c-')
        expectEvents(script, '--^---!').toBe('--o-a-')
        expectSubscriptions(script.subscriptions).toBe('--^---!')
        expectEvents(NEVER).toBe('-')
      }))

    it('tells connections apart, each in a diagram of its own', () =>
      run(({ cold, expectEvents }) => {
        const rows = ['l-o-a----(x|)', '---o-b--x', '------o-a']
        expectEvents(cold(rows)).toBe(rows)
      }))

    it('shows a connection that no diagram is for in the first', () => {
      const rows = ['o-a', '-o-a', '--o']
      expect(
        failure(({ cold, expectEvents }) => {
          expectEvents(cold(rows)).toBe(['o-a', '-o-a'])
        }),
      ).to.contain('actual:   o-(ao)')
    })

    it('compares each diagram', () => {
      const compare = (...rows: string[]) =>
        failure(({ cold, expectEvents }) => {
          expectEvents(cold(['o-a|', '-o'])).toBe(rows)
        })
      expect(compare('o-a|', '-o')).to.equal('no failure')
      expect(compare('o-b|', '-o')).to.contain('actual:   o-a|')
      expect(compare('o-a|', 'o-')).to.contain('actual:   -o')
      expect(compare('o-a|', '-o', '--o')).to.contain('expected: --o\n  actual:   nothing')
    })
  })

  describe('expectSent', () => {
    it('draws what is sent, ended, closed and destroyed, before the test runs and while it does', () =>
      run(({ expectSent, at }) => {
        const connection = recordingConnection<string>()
        connection.send('q')
        at('--s---e', {
          s: () => connection.send('hi'),
          e: () => {
            connection.end()
          },
        })
        at('--------x', {
          x: () => {
            connection.close()
          },
        })
        at('----------d', {
          d: () => {
            connection.destroy()
          },
        })
        expectSent(connection).toBe('q-h---e-x-x', { h: 'hi' })
      }))

    it('draws it for all connections of a script, in one diagram or in one for each', () =>
      run(({ cold, expectSent, expectEvents, at }) => {
        const script = cold(['-o', '-o'])
        expectEvents(script).toBe(['-o', '-o'])
        at('--a--b', { a: () => script.connections[1]?.send('a'), b: () => script.connections[0]?.send('b') })
        expectSent(script).toBe('--a--b')
        expectSent(script).toBe(['-----b', '--a'])
      }))

    it('draws what else is asked where a letter says so', () =>
      run(({ expectSent, at }) => {
        const connection = recordingConnection<string>()
        let hold = connection.pause()
        at('-r-p', {
          r: () => {
            hold.unsubscribe()
          },
          p: () => {
            hold = connection.pause()
          },
        })
        at('-----c', {
          c: () => {
            connection.close('shutdown')
          },
        })
        expectSent(connection).toBe('-----x')
        expectSent(connection).toBe('hg-h-x', { h: { call: 'pause' }, g: { call: 'resume' } })
        expectSent(connection).toBe('-----s', { s: { call: 'close', reason: 'shutdown' } })
      }))

    it('fails where something else was sent', () => {
      const sending = (...packets: string[]) =>
        failure(({ expectSent }) => {
          const connection = recordingConnection<string>()
          for (const packet of packets) connection.send(packet)
          expectSent(connection).toBe('a')
        })
      expect(sending('a')).to.equal('no failure')
      expect(sending('b')).to.contain('actual:   b')
      expect(sending()).to.contain('actual:   nothing')
      expect(sending('a', 'long')).to.contain('actual:   (a⟨send "long"⟩)')
    })
  })
})

/** Pauses a script's first connection at `p`, and lets it go at `r`. */
function held(
  script: { readonly connections: readonly { pause(): { unsubscribe(): void } }[] },
  at: EventHelpers['at'],
  diagram: string,
): void {
  let hold: { unsubscribe(): void } | undefined
  at(diagram, {
    p: () => {
      hold = script.connections[0]?.pause()
    },
    r: () => hold?.unsubscribe(),
  })
}
