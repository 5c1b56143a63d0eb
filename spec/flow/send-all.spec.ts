import { expect } from 'chai'
import fc from 'fast-check'
import { EMPTY, NEVER, Observable, Subject, Subscription, concat, from, map, of, tap, throwError } from 'rxjs'
import { reconnect, sendAll, type Connection, type ConnectionEvent, type Overflow, type TypedEvent } from 'sluice'
import { memory, recordingConnection, type RecordingConnection } from 'sluice/testing'
import { leavesNothing, run } from '../support/run.js'

type Event = ConnectionEvent<string, Connection<string>>

/** One open connection, and the events that the test tells of it. */
function opened(
  operator: (source: Observable<Event>) => Observable<TypedEvent>,
  overrides: Partial<Pick<RecordingConnection<string>, 'answer'>> = {},
) {
  const connection = recordingConnection<string>(overrides)
  const events = new Subject<Event>()
  const told: TypedEvent[] = []
  const subscription = events.pipe(operator).subscribe(event => told.push(event))
  events.next({ type: 'open', connection, session: 1 })
  return {
    connection,
    events,
    told,
    subscription,
    drain: () => {
      events.next({ type: 'drain', connection })
    },
    close: () => {
      connection.state = 'closed'
      events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
    },
    types: () => told.map(({ type }) => type),
    dropped: () => told.flatMap(event => ('count' in event ? [Number(event.count)] : [])),
    calls: () => connection.calls.map(({ call }) => call),
    failure: () => connection.calls.find(call => call.call === 'destroy')?.error,
  }
}

/** Takes so many packets, and no more until the drain. */
function every(nth: number): { readonly answer: (packet: string) => boolean } {
  let taken = 0
  return { answer: () => (taken += 1) % nth !== 0 }
}

/** Lets everything run that waits for nothing but its turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve()
}

describe('sendAll', () => {
  describe('of an iterable', () => {
    it('sends all, in order', () => {
      for (const packets of [[], ['a'], ['a', 'b', 'c']]) {
        const { connection } = opened(sendAll(() => packets))
        expect(connection.sent).to.deep.equal(packets)
      }
    })

    it('asks for a packet only when there is room for it', () => {
      const made: number[] = []
      const numbers = function* () {
        for (let n = 1; ; n += 1) {
          made.push(n)
          yield `${n}`
        }
      }
      const { connection, drain } = opened(sendAll(numbers), every(3))
      expect(connection.sent).to.deep.equal(['1', '2', '3'])
      expect(made).to.deep.equal([1, 2, 3])
      drain()
      expect(connection.sent).to.have.length(6)
      expect(made).to.have.length(6)
    })

    it('sends each connection its own, when it opens', () =>
      run(({ cold, expectSent, expectEvents }) => {
        const dial = cold(['-o--', '---o'])
        const stream = dial.pipe(
          sendAll(connection => [`${dial.connections.findIndex(({ id }) => id === connection.id)}`]),
        )
        expectEvents(stream).toBe(['-o--', '---o'])
        expectSent(dial).toBe(['-0', '---1'])
      }))

    it('sends all to each session', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold('-o-(x|)')
        const stream = dial.pipe(
          sendAll(() => ['a', 'b']),
          reconnect([4, 4]),
        )
        expectEvents(stream, '^---------!').toBe('-o-(xr)-o-')
        expectSent(dial).toBe(['-(ab)', '--------(ab)'])
      }))

    it('lets go of it when the connection closes, or is closed by us, or nobody listens any more', () => {
      for (const end of ['close', 'end', 'unsubscribe'] as const) {
        let released = 0
        const endless = function* () {
          try {
            for (;;) yield 'a'
          } finally {
            released += 1
          }
        }
        const { connection, close, drain, subscription } = opened(sendAll(endless), every(2))
        if (end === 'close') close()
        else if (end === 'unsubscribe') subscription.unsubscribe()
        else connection.end()
        if (end === 'end') drain()
        expect(released, end).to.equal(1)
        expect(connection.sent).to.deep.equal(['a', 'a'])
      }
    })

    it('starts nothing on a connection that was closed as soon as it had opened', () => {
      let asked = 0
      const hangUp = tap((event: Event) => {
        if (event.type === 'open') event.connection.close()
      })
      opened(source =>
        source.pipe(
          hangUp,
          sendAll(() => {
            asked += 1
            return ['a']
          }),
        ),
      )
      expect(asked).to.equal(0)
    })

    it('may close its own connection', () => {
      for (const how of ['close', 'destroy'] as const) {
        let released = false
        const { connection, events } = opened(
          sendAll(function* (connection) {
            try {
              yield 'a'
              connection[how]()
              events.next({ type: 'close', connection, reason: 'local', bytesUnsent: 0 })
              yield 'b'
            } finally {
              released = true
            }
          }),
          { answer: () => false },
        )
        events.next({ type: 'drain', connection })
        expect(connection.sent).to.deep.equal(['a'])
        expect(released, how).to.equal(true)
      }
    })
  })

  describe('of an async iterable', () => {
    const asked: string[] = []
    const packets = async function* (...all: string[]) {
      for (const packet of all) {
        asked.push(packet)
        await Promise.resolve()
        yield packet
      }
    }
    beforeEach(() => asked.splice(0))

    it('sends all, in order, and asks only when there is room', async () => {
      const { connection, drain, calls } = opened(
        sendAll(() => packets('a', 'b', 'c'), { end: 'end' }),
        every(2),
      )
      await turn()
      expect(connection.sent).to.deep.equal(['a', 'b'])
      expect(asked).to.deep.equal(['a', 'b'])
      drain()
      await turn()
      expect(connection.sent).to.deep.equal(['a', 'b', 'c'])
      expect(calls()).to.deep.equal(['send', 'send', 'send', 'end'])
    })

    it('lets go of it when the connection closes, even while it waits for a packet', async () => {
      let released = false
      const { connection, close } = opened(
        sendAll(() => ({
          [Symbol.asyncIterator]: () => ({
            next: () => new Promise<IteratorResult<string>>(() => undefined),
            return: () => {
              released = true
              return Promise.resolve({ done: true, value: undefined })
            },
          }),
        })),
      )
      await turn()
      close()
      expect(released).to.equal(true)
      expect(connection.sent).to.deep.equal([])
    })

    it('sends nothing that comes after the close', async () => {
      const { connection, close, calls } = opened(sendAll(() => packets('a', 'b')))
      close()
      await turn()
      expect(connection.sent).to.deep.equal([])
      expect(calls()).to.deep.equal([])
    })

    it('takes no notice of what fails when nobody listens any more', async () => {
      let fail: (error: Error) => void = () => undefined
      const { connection, subscription, calls } = opened(
        sendAll(async function* () {
          yield 'a'
          await new Promise((_, reject) => {
            fail = reject
          })
        }),
      )
      await turn()
      expect(connection.sent).to.deep.equal(['a'])
      subscription.unsubscribe()
      fail(new Error('no more'))
      await turn()
      expect(calls()).to.deep.equal(['send'])
    })

    it('destroys the connection if what it promises is no result', async () => {
      const { connection, failure } = opened(
        sendAll(() => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(undefined as never) }) })),
      )
      await new Promise(setImmediate)
      expect(failure()).to.have.property('code', 'ERR_HANDLER')
      expect(connection.sent).to.deep.equal([])
    })

    it('destroys the connection if a packet is refused', async () => {
      const { failure } = opened(
        sendAll(async function* () {
          await Promise.resolve()
          yield 'a'
          throw new Error('no more')
        }),
      )
      await turn()
      expect(failure()).to.have.property('code', 'ERR_HANDLER')
    })
  })

  describe('of an Observable', () => {
    const overflowing = (overflow: Overflow<string>, maxPackets = 2) => {
      const source = new Subject<string>()
      const setting = opened(
        sendAll(() => source, { overflow, maxPackets }),
        { answer: packet => packet.endsWith('!') },
      )
      const push = (...packets: string[]) => {
        for (const packet of packets) source.next(packet)
      }
      return { ...setting, push, source }
    }

    it('sends what comes, while there is room', () => {
      const source = new Subject<string>()
      const { connection, subscription } = opened(sendAll(() => source, { overflow: 'fail', maxPackets: 1 }))
      for (const packet of ['a', 'b', 'c']) source.next(packet)
      expect(connection.sent).to.deep.equal(['a', 'b', 'c'])
      expect(source.observed).to.equal(true)
      subscription.unsubscribe()
      expect(source.observed).to.equal(false)
    })

    it('keeps what comes while there is none, in order', () => {
      const { connection, push, drain, dropped } = overflowing('fail')
      push('a', 'b!', 'c!')
      expect(connection.sent).to.deep.equal(['a'])
      drain()
      expect(connection.sent).to.deep.equal(['a', 'b!', 'c!'])
      expect(dropped()).to.deep.equal([])
    })

    it('fails the connection when too much waits', () => {
      const { push, failure, source, connection } = overflowing('fail')
      push('a', 'b', 'c')
      expect(failure()).to.equal(undefined)
      push('d')
      expect(failure()).to.have.property('code', 'ERR_SEND_OVERFLOW')
      expect(source.observed).to.equal(false)
      expect(connection.sent).to.deep.equal(['a'])
    })

    it('lets go of what has failed as soon as it was subscribed to', () => {
      const live = new Subject<string>()
      const { failure } = opened(
        sendAll(() => concat(of('a', 'b', 'c'), live), { overflow: 'fail', maxPackets: 1 }),
        every(1),
      )
      expect(failure()).to.have.property('code', 'ERR_SEND_OVERFLOW')
      expect(live.observed).to.equal(false)
    })

    it('lets go of one whose subscription is the cause to leave', () => {
      let left = false
      const source = new Observable<string>(subscriber => {
        subscription.unsubscribe()
        subscriber.next('a')
        return () => (left = true)
      })
      const connection = recordingConnection<string>()
      const subscription = new Subscription()
      const events = new Subject<Event>()
      subscription.add(events.pipe(sendAll(() => source, { overflow: 'fail' })).subscribe())
      events.next({ type: 'open', connection, session: 1 })
      expect([left, connection.calls]).to.deep.equal([true, []])
    })

    it('asks for no more of what has failed, though it tells all at once', () => {
      let asked = 0
      const endless = function* () {
        for (; asked < 100; asked += 1) yield 'a'
      }
      const { failure } = opened(
        sendAll(() => from(endless()), { overflow: 'fail', maxPackets: 1 }),
        every(1),
      )
      expect(failure()).to.have.property('code', 'ERR_SEND_OVERFLOW')
      expect(asked).to.be.below(5)
    })

    for (const [overflow, kept] of [
      ['drop-oldest', ['d!', 'e!']],
      ['drop-newest', ['b!', 'c!']],
    ] as const) {
      it(`keeps within its bounds with ${overflow}, and tells of what it has dropped when there is room again`, () => {
        const { connection, push, drain, dropped, types } = overflowing(overflow)
        push('a', 'b!', 'c!', 'd!', 'e!')
        expect(dropped()).to.deep.equal([])
        drain()
        expect(connection.sent).to.deep.equal(['a', ...kept])
        expect(dropped()).to.deep.equal([2])
        expect(types()).to.deep.equal(['open', 'drain', 'dropped'])
      })
    }

    it('keeps the latest by key, in the place of the one before', () => {
      const { connection, push, drain, dropped } = overflowing({ latestBy: packet => packet.charAt(0) })
      push('a', 'b1!', 'c1!', 'b2!', 'b3!')
      drain()
      expect(connection.sent).to.deep.equal(['a', 'b3!', 'c1!'])
      expect(dropped()).to.deep.equal([2])
    })

    it('drops the oldest when there are too many keys', () => {
      const { connection, push, drain, dropped } = overflowing({ latestBy: packet => packet.charAt(0) })
      push('a', 'b!', 'c!', 'd!')
      drain()
      expect(connection.sent).to.deep.equal(['a', 'c!', 'd!'])
      expect(dropped()).to.deep.equal([1])
    })

    it('tells of what it has dropped before the close, at the latest', () => {
      const { push, close, types } = overflowing('drop-oldest', 1)
      push('a', 'b', 'c', 'd')
      close()
      expect(types()).to.deep.equal(['open', 'dropped', 'close'])
    })

    it('counts bytes too, by the size that it is told', () => {
      for (const [size, kept] of [
        [undefined, ['cc!', 'dd!']],
        [() => 3, ['cc!', 'dd!']],
        [() => 6, ['dd!']],
        [() => 7, []],
        [() => 0, ['bb!', 'cc!', 'dd!']],
      ] as const) {
        const source = new Subject<string>()
        const options = { overflow: 'drop-oldest', maxBytes: 6, ...(size && { size }) } as const
        const { connection, drain } = opened(
          sendAll(() => source, options),
          { answer: packet => packet !== 'a' },
        )
        for (const packet of ['a', 'bb!', 'cc!', 'dd!']) source.next(packet)
        drain()
        expect(connection.sent).to.deep.equal(['a', ...kept])
      }
    })

    it('never keeps more than it may, and accounts for every packet', () => {
      const rule = fc.constantFrom<Overflow<string>>('drop-oldest', 'drop-newest', {
        latestBy: packet => packet.length,
      })
      const steps = fc.array(fc.oneof(fc.constant('drain'), fc.string({ minLength: 1, maxLength: 4 })))
      fc.assert(
        fc.property(
          rule,
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 10 }),
          steps,
          (overflow, most, maxBytes, all) => {
            const source = new Subject<string>()
            const { connection, drain, dropped, close } = opened(
              sendAll(() => source, { overflow, maxPackets: most, maxBytes }),
              every(2),
            )
            let pushed = 0
            for (const step of all) {
              if (step === 'drain') drain()
              else {
                source.next(step)
                pushed += 1
              }
            }
            const before = connection.sent.length
            connection.answer = true
            drain()
            const waited = connection.sent.slice(before)
            expect(waited.length).to.be.at.most(most)
            expect(waited.join('').length).to.be.at.most(maxBytes)
            close()
            expect(connection.sent.length + dropped().reduce((sum, count) => sum + count, 0)).to.equal(pushed)
          },
        ),
      )
    })

    it('goes on where there is room before it hears that there was none', () => {
      const source = new Subject<string>()
      const { connection, drain } = opened(
        sendAll(() => source, { overflow: 'fail' }),
        {
          answer: () => {
            drain()
            return false
          },
        },
      )
      for (const packet of ['a', 'b', 'c']) source.next(packet)
      expect(connection.sent).to.deep.equal(['a', 'b', 'c'])
    })

    it('counts the bytes of the latest only', () => {
      const source = new Subject<string>()
      const options = { overflow: { latestBy: (packet: string) => packet.charAt(0) }, maxBytes: 4 } as const
      const { connection, drain, dropped } = opened(
        sendAll(() => source, options),
        every(1),
      )
      for (const packet of ['a', 'b1', 'b2', 'b3', 'c1']) source.next(packet)
      connection.answer = true
      drain()
      expect(connection.sent).to.deep.equal(['a', 'b3', 'c1'])
      expect(dropped()).to.deep.equal([2])
    })

    it('sends what comes from what it sends', () => {
      const source = new Subject<string>()
      const { connection } = opened(
        sendAll(() => source, { overflow: 'fail' }),
        {
          answer: packet => {
            if (packet === 'a') source.next('b')
            return true
          },
        },
      )
      source.next('a')
      expect(connection.sent).to.deep.equal(['a', 'b'])
    })

    it('destroys the connection without an overflow rule', () => {
      const { failure } = opened(sendAll(() => EMPTY as unknown as Iterable<string>))
      expect(failure()).to.have.nested.property('cause.code', 'ERR_OPTIONS')
    })
  })

  describe('behind the last packet', () => {
    for (const [end, calls] of [
      [undefined, ['send']],
      ['end', ['send', 'end']],
      ['close', ['send', 'close']],
    ] as const) {
      it(`does ${end ?? 'nothing'}`, () => {
        const option = end === undefined ? {} : { end }
        expect(opened(sendAll(() => ['a'], option)).calls()).to.deep.equal(calls)
        expect(opened(sendAll(() => of('a'), { ...option, overflow: 'fail' })).calls()).to.deep.equal(calls)
      })
    }

    it('does it when what waits was taken', () => {
      const { calls, drain } = opened(
        sendAll(() => of('a', 'b'), { end: 'end', overflow: 'fail' }),
        every(1),
      )
      expect(calls()).to.deep.equal(['send'])
      drain()
      expect(calls()).to.deep.equal(['send', 'send', 'end'])
    })
  })

  describe('when the peer has finished sending', () => {
    it('sends an iterable to its end, before that is answered', () => {
      const { connection, events, drain, calls } = opened(
        sendAll(() => ['a', 'b']),
        every(1),
      )
      events.next({ type: 'end', connection })
      expect(calls()).to.deep.equal(['send', 'pause'])
      drain()
      expect(calls()).to.deep.equal(['send', 'pause', 'send'])
      drain()
      expect(calls()).to.deep.equal(['send', 'pause', 'send', 'resume'])
    })

    it('sends an async iterable to its end, before that is answered', async () => {
      const { connection, events, calls } = opened(
        sendAll(async function* () {
          yield 'a'
          await Promise.resolve()
          yield 'b'
        }),
      )
      events.next({ type: 'end', connection })
      await turn()
      expect(calls()).to.deep.equal(['pause', 'send', 'send', 'resume'])
    })

    it('sends what waits of an Observable', () => {
      const source = new Subject<string>()
      const { connection, events, drain, calls } = opened(
        sendAll(() => source, { overflow: 'fail' }),
        every(2),
      )
      for (const packet of ['a', 'b', 'c']) source.next(packet)
      events.next({ type: 'end', connection })
      drain()
      expect(calls()).to.deep.equal(['send', 'send', 'pause', 'send', 'resume'])
    })

    it('holds nothing that we have closed before, whatever an async iterable still waits for', async () => {
      let released = 0
      const waiting = {
        next: () => new Promise<never>(() => undefined),
        return: () => {
          released += 1
          return Promise.resolve({ done: true, value: undefined } as const)
        },
      }
      const network = memory()
      const told: string[] = []
      network
        .listen({ port: 1 })
        .pipe(sendAll(() => ({ [Symbol.asyncIterator]: () => waiting })))
        .subscribe(event => {
          told.push(event.type)
          if (event.type === 'packet') event.connection.close()
        })
      network.connect({ port: 1 }).subscribe(event => {
        if (event.type === 'open') event.connection.send(new Uint8Array(1))
      })
      await turn()
      expect(told).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
      expect(released).to.equal(1)
    })

    it('lets go when an async iterable answers after we have closed', async () => {
      let answer: (result: IteratorResult<string>) => void = () => undefined
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<string>>(resolve => (answer = resolve)),
        }),
      }
      const { connection, events, calls } = opened(sendAll(() => source))
      events.next({ type: 'end', connection })
      connection.close()
      answer({ done: false, value: 'a' })
      await turn()
      expect(calls()).to.deep.equal(['pause', 'close', 'resume'])
    })

    it('does not hold what has nothing more to send', () => {
      for (const operator of [sendAll<Event>(() => ['a']), sendAll<Event>(() => NEVER, { overflow: 'fail' })]) {
        const { connection, events, calls } = opened(operator)
        events.next({ type: 'end', connection })
        expect(calls()).not.to.include('pause')
      }
    })

    it('gets all to a peer that half-closes and then reads', () =>
      run(({ expectEvents }) => {
        const net = memory({ window: 2, latency: 5 })
        net
          .listen({ port: 1, highWaterMark: 1, lowWaterMark: 1 })
          .pipe(sendAll(() => ['a', 'b', 'f'].map(text => new TextEncoder().encode(text))))
          .subscribe()
        const client = net.connect({ port: 1 }).pipe(
          tap(event => {
            if (event.type === 'open') event.connection.end()
          }),
          map(event =>
            event.type === 'packet' ? { ...event, packet: new TextDecoder().decode(event.packet) } : event,
          ),
        )
        expectEvents(client).toBe('c---------(oab)-----(fex|)')
      }))
  })

  describe('where a source fails', () => {
    const fault = new Error('my fault')
    const failing = (): never => {
      throw fault
    }
    const sources: Record<string, (connection: Connection<string>) => Iterable<string>> = {
      'is not there': failing,
      'cannot be iterated': () => ({ [Symbol.iterator]: failing }),
      'has no next packet': () => ({ [Symbol.iterator]: () => ({ next: failing }) }),
    }
    for (const [what, source] of Object.entries(sources)) {
      it(`since it ${what}, destroys its connection`, () => {
        expect(opened(sendAll(source)).failure()).to.include({ code: 'ERR_HANDLER', cause: fault })
      })
    }

    it('since it errors, destroys its connection, and nothing that waits is sent', () => {
      const source = concat(
        of('a', 'b'),
        throwError(() => fault),
      )
      const { connection, failure } = opened(
        sendAll(() => source, { overflow: 'fail' }),
        every(1),
      )
      expect(failure()).to.include({ code: 'ERR_HANDLER', cause: fault })
      expect(connection.sent).to.deep.equal(['a'])
    })

    it('since a packet can’t be encoded, destroys its connection, and lets go of the source', () => {
      let released = false
      const { failure } = opened(
        sendAll(function* () {
          try {
            yield 'a'
            yield 'b'
          } finally {
            released = true
          }
        }),
        { answer: failing },
      )
      expect(failure()).to.include({ code: 'ERR_HANDLER', cause: fault })
      expect(released).to.equal(true)
    })

    for (const rule of [{ overflow: { latestBy: failing } }, { overflow: 'fail', size: failing }] as const) {
      it(`since ${'size' in rule ? 'size' : 'latestBy'} does, destroys its connection`, () => {
        const { failure } = opened(sendAll(() => of('a'), rule))
        expect(failure()).to.include({ code: 'ERR_HANDLER', cause: fault })
      })
    }

    it('since it is no source, destroys its connection', () => {
      for (const wrong of ['text', 5, undefined, {}]) {
        expect(opened(sendAll(() => wrong as Iterable<string>)).failure()).to.have.property('code', 'ERR_HANDLER')
      }
    })

    it('goes on with the others', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const dial = cold(['-o-----', '--o--p-'])
        const stream = dial.pipe(sendAll(connection => (connection.id === dial.connections[0]?.id ? failing() : ['a'])))
        expectEvents(stream).toBe(['-(ox)', '--o--p-'], { x: { type: 'close', error: 'ERR_HANDLER' } })
        expectSent(dial).toBe(['-x', '--a'])
      }))
  })

  it('passes everything, and ends as its source does', () =>
    run(({ cold, expectEvents }) => {
      const beat = { h: { type: 'heartbeat', roundTrip: 3 } }
      expectEvents(cold('lcohpde-(x#)', beat).pipe(sendAll(() => ['a']))).toBe('lcohpde-(x#)', beat)
      expectEvents(cold('lcohpde-(x|)', beat).pipe(sendAll(() => ['a']))).toBe('lcohpde-(x|)', beat)
      expectEvents((EMPTY as Observable<Event>).pipe(sendAll(() => ['a']))).toBe('|')
    }))

  it('leaves nothing, whenever it is unsubscribed from', () => {
    leavesNothing(12, ({ cold, plain }) =>
      cold('-o-d-e-(x|)').pipe(sendAll(() => plain.cold('-a-a-a-'), { overflow: 'fail' })),
    )
  })

  it('names all that is wrong with its options', () => {
    const wrong = { overflow: 'latest', maxPackets: 0, maxBytes: -1, size: 5, end: 'destroy', max: 1 }
    for (const name of Object.keys(wrong)) {
      const refused = expect(() => sendAll(() => from([]), wrong as never)).to.throw(name)
      refused.with.property('code', 'ERR_OPTIONS')
    }
    expect(() => sendAll(['a'] as never, { end: 'destroy' } as never)).to.throw(
      /^sendAll: source must be .*; end must be/,
    )
  })
})
