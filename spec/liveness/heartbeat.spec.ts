import { expect } from 'chai'
import fc from 'fast-check'
import { concat, NEVER, of, Subject, take, tap, throwError, type Observable } from 'rxjs'
import {
  heartbeat,
  reconnect,
  type AnyEvent,
  type Connection,
  type ConnectionEvent,
  type HeartbeatOptions,
} from 'sluice'
import { framed, lines, type SkippedEvent } from 'sluice/framing'
import {
  memory,
  recordingConnection,
  type LinkOptions,
  type MemoryNetwork,
  type RecordingConnection,
} from 'sluice/testing'
import { diary, type Diary } from '../support/diary.js'
import { check } from '../support/property.js'
import { leavesNothing, run } from '../support/run.js'
import { resetClock, setClock } from '../support/set-clock.js'

type Events = ConnectionEvent<string, RecordingConnection<string>>
type Options = Partial<HeartbeatOptions<Events>>

/** Looks at each frame, pings a connection that was silent for eight, and waits eight more. */
const beat = (options: Options = {}) =>
  heartbeat<Events>({
    ping: () => '?',
    isPong: packet => packet === 'y',
    interval: 8,
    timeout: 8,
    random: () => 0,
    ...options,
  })

const dead = { t: { type: 'close', reason: 'timeout', error: 'ERR_HEARTBEAT_TIMEOUT' } }
const threw = { f: { type: 'close', reason: 'error', error: 'ERR_HANDLER' } }
const answered = { h: { type: 'heartbeat' } }
const gone = 'ERR_HEARTBEAT_TIMEOUT'

describe('heartbeat', () => {
  afterEach(resetClock)

  describe('pings', () => {
    it('whom it has not heard for the interval, and gives up who does not answer within the timeout', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('                 c--o------------')
        expectEvents(dial.pipe(beat())).toBe('c--o---------------(t#)', dead, gone)
        expectSent(dial).toBe('             -----------?-------x')
      }))

    it('first after half the interval to all of it, as chance has it', () => {
      const first = (random: number): readonly string[] =>
        diary(({ write, watch }) => {
          const connection = recordingConnection<string>()
          connection.asked.subscribe(({ call }) => {
            write(call)
          })
          watch(
            concat(of(opened(connection)), NEVER).pipe(beat({ interval: 80, timeout: 80, random: () => random })),
            99,
            () => {},
          )
        })
      expect(first(0)).to.deep.equal(['80 send'])
      expect(first(0.25)).to.deep.equal(['70 send'])
      expect(first(0.5)).to.deep.equal(['60 send'])
      expect(first(0.999)).to.deep.equal(['50 send'])
    })

    it('nobody who speaks, be it half a packet', () =>
      run(({ cold, at, expectEvents, expectSent }) => {
        const dial = cold('                       o------a------b------')
        const halves = '                          ---------------------i------i------'
        at(halves, {
          i: () => {
            const [connection] = dial.connections
            if (connection !== undefined) connection.bytesRead += 1
          },
        })
        expectEvents(dial.pipe(beat()), '         ^----------------------------------!').toBe('o------a------b')
        expectSent(dial).toBe('                   -----------------------------------')
      }))

    it('again, for as long as it is answered', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('                 o--------y---------y--------')
        expectEvents(dial.pipe(beat()), '   ^--------------------------!').toBe('o--------h---------h', answered)
        expectSent(dial).toBe('             --------?-------?---------?')
      }))

    it('nobody who has finished, and nobody to whom we have', () =>
      run(({ cold, at, expectEvents, expectSent }) => {
        const one = cold('                       o---e----')
        const other = cold('                     o--------')
        at('                                     ----e', { e: () => other.connections[0]?.end() })
        expectEvents(one.pipe(beat()), '         ^----------------------------------!').toBe('o---e')
        expectEvents(other.pipe(beat()), '       ^----------------------------------!').toBe('o----')
        expectSent(one).toBe('                   -----')
        expectSent(other).toBe('                 ----e')
      }))
  })

  describe('takes for an answer', () => {
    it('any input, and tells it as what it is', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('                 o--------a')
        expectEvents(dial.pipe(beat())).toBe('o--------a--------------(t#)', dead, gone)
        expectSent(dial).toBe('             --------?-------?-------x')
      }))

    it('what isPong knows of the very connection: a ping and its pong may carry a word of their own', () => {
      const words = new Map<unknown, string>()
      run(({ cold, expectEvents }) => {
        const both = cold(['l-o--------a-b', '--o--------b-a'])
        const knowing = beat({
          ping: connection => {
            words.set(connection, words.size === 0 ? 'a' : 'b')
            return '?'
          },
          isPong: (packet, connection) => packet === words.get(connection),
        })
        expectEvents(both.pipe(knowing), '^-------------!').toBe(['l-o--------h-b', '--o--------h-a'], answered)
      })
    })

    it('any packet where there is no isPong', () => {
      const told = diary(({ watch, write }) => {
        const connection = recordingConnection<string>()
        connection.answer = packet => {
          write(packet)
          connection.bytesRead += 1
          events.next({ type: 'packet', connection, packet: '!' })
          return true
        }
        const events = new Subject<Events>()
        const stream = events.pipe(heartbeat({ ping: () => '?', interval: 8, timeout: 8, random: () => 0 }))
        watch(stream, 20, event => {
          write(event.type)
        })
        events.next(opened(connection))
      })
      expect(told).to.deep.equal(['0 open', '8 ?', '8 packet', '16 ?', '16 packet'])
    })

    it('a pong, and tells how long it was on its way', () => {
      const told = diary(day => {
        const { net } = answering(day, { latency: 7 })
        client(day, net, 120)
      })
      expect(told).to.deep.equal(['14 a open', '108 a heartbeat 14'])
    })

    it('a pong, and tells no way that is shorter than none, where the clock was set back meanwhile', () => {
      const told = diary(({ at, watch, write }) => {
        const connection = recordingConnection<string>()
        const events = new Subject<Events>()
        watch(events.pipe(beat()), 20, event => {
          write(event.type === 'heartbeat' ? `heartbeat ${event.roundTrip}` : event.type)
        })
        events.next(opened(connection))
        at(10, () => {
          setClock(-60 * 60 * 1_000)
          events.next({ type: 'packet', connection, packet: 'y' })
        })
      })
      expect(told).to.deep.equal(['0 open', '10 heartbeat 0'])
    })

    it('no pong for which it did not ask: that one is dropped', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                  o--y-----a')
        expectEvents(dial.pipe(beat()), '    ^----------!').toBe('o--------a')
      }))
  })

  describe('over a network', () => {
    it('finds a peer that vanishes without a word within interval and timeout', () => {
      const told = diary(day => {
        const { net } = answering(day, { latency: 1 })
        client(day, net, 400)
        day.at(100, () => {
          net.cut('client', 'server')
        })
      })
      // Open at 2, so looks are at 12, 22, …; the pong of 84 is seen at 92, the ping follows at 162.
      expect(told).to.deep.equal([
        '2 a open',
        '84 a heartbeat 2',
        '242 a close timeout',
        '242 error ERR_HEARTBEAT_TIMEOUT',
      ])
    })

    it('tells two connections apart', () => {
      const told = diary(day => {
        const { net } = answering(day, { latency: 1 })
        net.host('other').listen({ port: 1 }).subscribe()
        client(day, net, 164)
        client(day, net, 164, { host: 'other', name: 'b' })
      })
      expect(told).to.deep.equal([
        '2 a open',
        '2 b open',
        '84 a heartbeat 2',
        '162 b close timeout',
        '162 error ERR_HEARTBEAT_TIMEOUT',
      ])
    })

    it('goes on with each session of a stream that comes back', () => {
      const told = diary(day => {
        const net = memory({ latency: 1 })
        net.host('server').listen({ port: 1 }).subscribe()
        const lives = net
          .host('client')
          .connect({ host: 'server', port: 1 })
          .pipe(framed(lines()), beating(), reconnect([10, 10]))
        day.watch(lives, 400, event => {
          day.write(event.type)
        })
      })
      expect(told).to.deep.equal([
        '0 connecting',
        '2 open',
        '162 close',
        '162 retry',
        '172 connecting',
        '174 open',
        '334 close',
        '334 retry',
        '344 connecting',
        '346 open',
      ])
    })

    it('stands above a stream that comes back just as well', () => {
      const told = diary(day => {
        const net = memory({ latency: 1 })
        net.host('server').listen({ port: 1 }).subscribe()
        const lives = net
          .host('client')
          .connect({ host: 'server', port: 1 })
          .pipe(framed(lines()), reconnect([10]))
        day.watch(lives.pipe(beating()), 340, event => {
          if (event.type === 'close') day.write(`close ${event.reason}`)
        })
      })
      expect(told).to.deep.equal(['162 close timeout', '334 close timeout', '334 error ERR_HEARTBEAT_TIMEOUT'])
    })
  })

  describe('behind what takes long', () => {
    const download = (cut: number) =>
      diary(day => {
        const { net } = answering(day, { bandwidth: 1, window: 10 })
        const dialled = client(day, net, 700)
        day.at(20, () => dialled.connection?.send('x'.repeat(600)))
        day.at(cut, () => {
          net.cut('client', 'server')
        })
      })

    it('waits for an answer only when the ping has gone', () => {
      expect(download(699)).to.deep.equal(['0 a open', '623 a heartbeat 543'])
    })

    it('finds a peer that takes nothing any more', () => {
      expect(download(300)).to.deep.equal(['0 a open', '380 a close timeout', '380 error ERR_HEARTBEAT_TIMEOUT'])
    })
  })

  describe('while we do not read', () => {
    it('keeps a peer that takes what we write, for however long', () => {
      const told = diary(day => {
        const { net, heard } = answering(day, { latency: 1 })
        const dialled = client(day, net, 1100)
        day.at(100, () => {
          const hold = dialled.connection?.pause()
          day.at(900, () => hold?.unsubscribe())
        })
        day.at(1050, () => {
          day.write(`${heard.length} pings`)
        })
      })
      // The pings of the pause are answered, but nothing can be said about their way: the pongs waited for us.
      expect(told).to.deep.equal(['2 a open', '84 a heartbeat 2', '1050 12 pings', '1074 a heartbeat 2'])
    })

    it('tells nothing of the way of a pong that had to wait for us', () => {
      const told = diary(day => {
        const { net } = answering(day, { latency: 1 })
        const dialled = client(day, net, 300)
        for (const [from, to] of [
          [83, 99], // The pong of the ping at 82 arrives at 84.
          [110, 173], // The ping at 172 is sent while we don't read.
        ] as const)
          day.at(from, () => {
            const hold = dialled.connection?.pause()
            day.at(to - from + 2, () => hold?.unsubscribe())
          })
      })
      expect(told).to.deep.equal(['2 a open', '254 a heartbeat 2'])
    })

    it('finds a dead one whose window is full', () => {
      const told = diary(day => {
        const net = memory({ latency: 1, window: 4 })
        net
          .host('server')
          .listen({ port: 1 })
          .subscribe(event => {
            if (event.type === 'open') event.connection.pause()
          })
        const dialled = client(day, net, 900)
        day.at(10, () => void dialled.connection?.pause())
      })
      // Two pings of two bytes fill the window; the third waits.
      expect(told).to.deep.equal(['2 a open', '322 a close timeout', '322 error ERR_HEARTBEAT_TIMEOUT'])
    })

    it('keeps a slow one that takes a little within each timeout', () =>
      run(({ cold, at, expectEvents }) => {
        const dial = cold('                      o---------------------------------')
        const takes = '                          -p----t------t------t------t------t'
        at(takes, {
          p: () => {
            Object.assign(dial.connections[0] ?? {}, { bufferedAmount: 100 })
            dial.connections[0]?.pause()
          },
          t: () => {
            const [connection] = dial.connections
            if (connection !== undefined) connection.bytesWritten += 1
          },
        })
        expectEvents(dial.pipe(beat()), '        ^---------------------------------!').toBe('o')
      }))
  })

  describe('where user code fails', () => {
    it('closes the connection of a ping that throws, or that can’t be encoded', () =>
      run(({ cold, expectEvents }) => {
        const throws = (): never => {
          throw new Error('no ping')
        }
        expectEvents(cold('o').pipe(beat({ ping: throws }))).toBe('o-------(f#)', threw, 'ERR_HANDLER')

        const fussy = cold('o').pipe(
          tap(event => {
            if (event.type === 'open') event.connection.answer = throws
          }),
        )
        expectEvents(fussy.pipe(beat())).toBe('o-------(f#)', threw, 'ERR_HANDLER')
      }))

    it('closes the connection of an isPong that throws, and no other', () =>
      run(({ cold, expectEvents }) => {
        const picky = beat({
          isPong: packet => {
            if (packet === 'b') throw new Error('not b')
            return false
          },
        })
        const both = cold(['l-o-a-b', '--o-a-a-a-x'])
        expectEvents(both.pipe(picky), '^------------!').toBe(['l-o-a-f', '--o-a-a-a-x'], threw)
      }))

    it('closes the connection of a random that throws, or gives no share of one, and no other', () => {
      const throws = () => {
        throw new Error('no luck')
      }
      for (const bad of [throws, () => NaN, () => -0.1, () => 1, () => '0' as unknown as number])
        run(({ cold, expectEvents, expectSent }) => {
          let asked = 0
          const random = () => (asked++ === 0 ? bad() : 0)
          const both = cold([' l-o-----------', '-----o------------x'])
          expectEvents(both.pipe(beat({ random })), '^------------------!').toBe(
            ['l-(of)', '-----o------------x'],
            threw,
          )
          expectSent(both).toBe(['--x', '-------------?'])
        })
    })
  })

  describe('passes', () => {
    it('what it does not understand, errors, and the end', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const told = { w: { type: 'weather' } }
        const bad = new Error('bad')
        expectEvents(cold('-w-(o)-(x|)', told).pipe(beat())).toBe('-w-(o)-(x|)', told)
        expectObservable(throwError(() => bad).pipe(beat())).toBe('#', {}, bad)
        expectEvents((NEVER as Observable<Events>).pipe(beat())).toBe('-')
      }))
  })

  describe('has one timer', () => {
    it('for all connections, and none before the first and after the last', () => {
      diary(({ scheduler, at }) => {
        const events = new Subject<Events>()
        const connections = Array.from({ length: 100 }, () => recordingConnection<string>())
        const timers = (): number => scheduler.actions.length
        events.pipe(beat()).subscribe()
        expect(timers()).to.equal(0)
        for (const connection of connections) events.next(opened(connection))
        expect(timers()).to.equal(1)
        at(5, () => {
          const before = timers()
          for (const connection of connections) events.next(closed(connection))
          expect(timers()).to.equal(before - 1)
        })
      })
    })

    it('and none when nobody is subscribed any more, or the stream is over', () => {
      leavesNothing(20, ({ cold }) => cold('c-o-----(x#)').pipe(beat()))
      leavesNothing(20, ({ cold }) => cold('o-----').pipe(beat(), take(1)))
      diary(({ scheduler }) => {
        const events = new Subject<Events>()
        events.pipe(beat()).subscribe()
        events.next(opened(recordingConnection()))
        events.complete()
        expect(scheduler.actions).to.deep.equal([])
      })
    })

    it('and none for a connection that went in silence', () => {
      diary(({ scheduler, at }) => {
        const events = new Subject<Events>()
        const connection = recordingConnection<string>()
        const beating = events.pipe(beat()).subscribe()
        events.next(opened(connection))
        let before = 0
        at(1.5, () => {
          before = scheduler.actions.length
          connection.destroy()
        })
        at(3.5, () => {
          expect(scheduler.actions.length).to.equal(before - 2, 'one of ours has passed, and that of the heartbeat')
        })
        at(4.5, () => {
          beating.unsubscribe()
        })
      })
    })
  })

  describe('whatever the traffic', () => {
    const span = fc.integer({ min: 10, max: 400 })
    const chance = fc.double({ min: 0, max: 0.999, noNaN: true })
    const moments = fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 12 })
    const options = fc.record({ interval: span, timeout: span, random: chance })

    it('never gives up a peer that answers within half the timeout, though we pause at will', () => {
      const pauses = fc.array(fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 900 })), {
        maxLength: 6,
      })
      check(
        fc.property(options, chance, moments, pauses, ({ interval, timeout, random }, slowness, says, holds) => {
          const told = diary(day => {
            const latency = Math.floor(timeout / 8)
            const { net, says: say } = answering(day, { latency }, slowness * (timeout / 2 - 2 * latency))
            const dialled = client(day, net, 2500, { interval, timeout, random: () => random })
            for (const ms of says) day.at(ms, say)
            for (const [ms, during] of holds)
              day.at(ms, () => {
                const hold = dialled.connection?.pause()
                day.at(during, () => hold?.unsubscribe())
              })
          })
          expect(told.filter(line => line.includes('close'))).to.deep.equal([])
        }),
        200,
      )
    })

    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 800 })), {
      maxLength: 6,
    })
    const narrow = fc.record({ bandwidth: fc.integer({ min: 1, max: 4 }), window: fc.integer({ min: 1, max: 4 }) })

    it('never gives up a peer that takes what lies before a ping, and finds one that is dead all the same', () => {
      check(
        fc.property(
          options,
          narrow,
          sizes,
          fc.option(fc.integer({ min: 1, max: 1500 })),
          (given, link, sends, dies) => {
            const { interval, timeout, random } = given
            const told = diary(day => {
              const { net } = answering(day, link)
              const dialled = client(day, net, 2500, { interval, timeout, random: () => random })
              for (const [ms, size] of sends) day.at(ms, () => dialled.connection?.send('x'.repeat(size)))
              if (dies !== null)
                day.at(dies, () => {
                  net.cut('client', 'server')
                })
            })
            const found = told.filter(line => line.includes('close timeout')).map(line => parseFloat(line))
            if (dies === null) expect(found).to.deep.equal([])
            else expect(found[0]).to.be.within(dies, dies + interval + timeout)
          },
        ),
        200,
      )
    })

    it('finds a peer that is dead from any moment on within interval and timeout', () => {
      check(
        fc.property(options, fc.integer({ min: 1, max: 1500 }), moments, (given, dies, says) => {
          const { interval, timeout, random } = given
          const told = diary(day => {
            const { net, says: say } = answering(day, {})
            client(day, net, 2500, { interval, timeout, random: () => random })
            for (const ms of says) day.at(ms, say)
            day.at(dies, () => {
              net.cut('client', 'server')
            })
          })
          const found = told.filter(line => line.includes('close timeout'))
          expect(found).to.have.length(1)
          const [at = 0] = found.map(line => parseFloat(line))
          expect(at).to.be.within(dies, dies + interval + timeout)
        }),
        200,
      )
    })
  })

  it('names all wrong options at once', () => {
    const wrong = {
      isPong: 1,
      interval: Infinity,
      timeout: 0,
      random: 0.5,
      pong: 1,
    } as object as HeartbeatOptions<AnyEvent>
    expect(() => heartbeat(wrong))
      .to.throw(/^heartbeat: ping is missing; isPong .*; interval .*; timeout .*; random .*; pong is not an option/)
      .with.property('code', 'ERR_OPTIONS')
  })
})

function opened(connection: RecordingConnection<string>): Events {
  return { type: 'open', connection, session: 1 }
}

function closed(connection: RecordingConnection<string>): Events {
  return { type: 'close', connection, reason: 'remote', bytesUnsent: 0 }
}

type Life = Partial<Pick<HeartbeatOptions<Events>, 'interval' | 'timeout' | 'random'>>

const beating = ({ interval = 80, timeout = 80, random = () => 0 }: Life = {}) =>
  heartbeat<ConnectionEvent<string, Connection<string>> | SkippedEvent<Connection<string>>>({
    ping: () => '?',
    isPong: packet => packet === '!',
    interval,
    timeout,
    random,
  })

/** A server that answers each ping after a while, and says a word when it is told to. */
function answering({ at }: Diary, link: LinkOptions, after = 0): Answering {
  const net = memory(link)
  const heard: string[] = []
  const clients: Connection<string>[] = []
  net
    .host('server')
    .listen({ port: 1 })
    .pipe(framed(lines()))
    .subscribe(event => {
      if (event.type === 'open') clients.push(event.connection)
      if (event.type !== 'packet') return
      heard.push(event.packet)
      at(after, () => event.connection.send('!'))
    })
  return {
    net,
    heard,
    says: () => {
      for (const connection of clients) connection.send('word')
    },
  }
}

interface Answering {
  readonly net: MemoryNetwork
  readonly heard: readonly string[]
  readonly says: () => void
}

/** Dials, and writes down what is told of the connection. */
function client(
  { watch, write }: Diary,
  net: MemoryNetwork,
  until: number,
  life: Life & { host?: string; name?: string } = {},
) {
  const { host = 'server', name = 'a' } = life
  const dialled: { connection?: Connection<string> } = {}
  const stream = net
    .host('client')
    .connect({ host, port: 1, writeTimeout: Infinity })
    .pipe(framed(lines()), beating(life))
  watch(stream, until, event => {
    if (event.type === 'open') dialled.connection = event.connection
    if (event.type === 'open') write(`${name} open`)
    else if (event.type === 'heartbeat') write(`${name} heartbeat ${event.roundTrip}`)
    else if (event.type === 'close') write(`${name} close ${event.reason}`)
  })
  return dialled
}
