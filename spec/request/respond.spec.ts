import { expect } from 'chai'
import { EMPTY, NEVER, Subject, concat, filter, firstValueFrom, map, of, throwError, timer, Observable } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { byId, inOrder, requests, respond, type ByIdRules } from 'sluice/request'
import { memory, recordingConnection, type RecordingConnection } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { growth } from '../support/growth.js'
import { optionFaults } from '../support/option-faults.js'
import { leavesNothing, run } from '../support/run.js'
import { letters } from './numbered.js'

/** The other side of `numbered`: `1a` is a request, `1!` cancels it, and an answer gets its number back. */
const rules: ByIdRules<string, string> = {
  put: (packet, id) => `${id}${packet}`,
  get: packet => (/^\d\w/.test(packet) ? Number.parseInt(packet) : undefined),
  cancels: packet => (packet.endsWith('!') ? Number.parseInt(packet) : undefined),
}

const numbered = byId(rules)

const upper = (packet: string): string => packet.slice(-1).toUpperCase()

/** An answer that takes so many frames. */
function after<T>(frames: number, answer: T): Observable<T> {
  return timer(frames).pipe(map(() => answer))
}

describe('respond', () => {
  describe('answers', () => {
    it('each request with its number, as soon as it can, and passes all else', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const client = cold('     co-abg-p-(x|)', letters)
        const stream = client.pipe(respond(numbered, packet => after(packet === '1a' ? 4 : 1, upper(packet))))
        expectEvents(stream).toBe('co-----p-(x|)', letters)
        expectSent(client).toBe(' -----BGA', letters)
      }))

    it('in the order of the requests, one at a time, where there are no numbers', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const client = cold('     o-ab-----', letters)
        const stream = client.pipe(respond(inOrder(), packet => after(3, upper(packet))))
        expectEvents(stream).toBe('o')
        expectSent(client).toBe(' -----A--B')
      }))

    it('in that order too where several are handled at once', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const client = cold('     o-ab-----', letters)
        const answer = (packet: string): Observable<string> => after(packet === '1a' ? 4 : 1, upper(packet))
        const stream = client.pipe(respond(inOrder(), answer, { concurrency: 2 }))
        expectEvents(stream).toBe('o')
        expectSent(client).toBe(' ------(AB)')
      }))

    it('with none, one or many, of whatever kind', () =>
      run(({ cold, expectSent }) => {
        const answers: Record<string, Iterable<string> | Observable<string>> = {
          '1a': EMPTY,
          '2b': concat(of('B'), after(6, 'C')),
          '3g': ['G', 'H'],
        }
        const client = cold('    o-abg', letters)
        client.pipe(respond(numbered, packet => answers[packet] ?? 'word')).subscribe()
        expectSent(client).toBe('---B(GH)-C', { B: '2B', G: '3G', H: '3H', C: '2C' })
      }))

    it('with a string as one answer', () =>
      run(({ cold, expectSent }) => {
        const client = cold('    o-a', letters)
        client.pipe(respond(inOrder(), () => 'word')).subscribe()
        expectSent(client).toBe('--w', { w: 'word' })
      }))

    it('those of each connection on their own', () =>
      run(({ cold, expectSent }) => {
        const clients = cold([' lo-ab-----', '-o--a'], letters)
        clients.pipe(respond(inOrder(), packet => after(3, upper(packet)))).subscribe()
        expectSent(clients).toBe(['------A--B', '-------A'])
      }))

    it('who has finished sending, before its end is told', () =>
      run(({ cold, expectEvents, expectSent }) => {
        const client = cold('     o-ae------', letters)
        const stream = client.pipe(respond(numbered, packet => after(4, upper(packet))))
        expectEvents(stream).toBe('o-----e')
        expectSent(client).toBe(' ------A', letters)
      }))
  })

  describe('stops', () => {
    it('what the peer cancels, be it begun or not', () =>
      run(({ cold, plain, expectSent, expectSubscriptions }) => {
        const handled = [plain.cold('------1|'), plain.cold('---2|'), plain.cold('3|')]
        const client = cold('    oabg-ky', letters)
        const [first, second, third] = handled
        client.pipe(respond(numbered, () => handled.shift() ?? NEVER, { concurrency: 2 })).subscribe()
        expectSent(client).toBe('-----B', { B: '22' })
        expectSubscriptions(first?.subscriptions ?? []).toBe('-^----!')
        expectSubscriptions(second?.subscriptions ?? []).toBe('--^---!')
        expectSubscriptions(third?.subscriptions ?? []).toBe([])
      }))

    it('what is cancelled while its handler begins', () => {
      const { events, connection, ended } = client()
      let stopped = 0
      const handler = () =>
        new Observable<string>(() => {
          events.next({ type: 'packet', connection, packet: '1!' })
          return () => {
            stopped += 1
          }
        })
      events.pipe(respond(numbered, handler)).subscribe(ended)
      events.next({ type: 'packet', connection, packet: '1a' })
      expect(stopped).to.equal(1)
    })

    it('when the connection closes, and tells that at once', () =>
      run(({ cold, plain, expectEvents, expectSubscriptions }) => {
        const handled = plain.cold('---------1|')
        const client = cold('     oab---(x|)', letters)
        expectEvents(client.pipe(respond(numbered, () => handled))).toBe('o-----(x|)')
        expectSubscriptions(handled.subscriptions).toBe(['-^----!', '--^---!'])
      }))

    it('when the connection closes, and begins nothing of what waits', () =>
      run(({ cold, plain, expectEvents, expectSubscriptions }) => {
        const handled = plain.cold('---------1|')
        const client = cold('oabg--(x|)', letters)
        expectEvents(client.pipe(respond(numbered, () => handled, { concurrency: 2 }))).toBe('o-----(x|)')
        expectSubscriptions(handled.subscriptions).toBe(['-^----!', '--^---!'])
      }))

    it('when it is unsubscribed, and lets the connection go', () => {
      leavesNothing(8, ({ cold }) => cold('oab---(x|)', letters).pipe(respond(numbered, () => after(3, 'A'))))
      run(({ cold, expectEvents, expectSent }) => {
        const client = cold('oab', letters)
        client.appeared.subscribe(connection => (connection.answer = false))
        expectEvents(client.pipe(respond(numbered, upper)), '^----!').toBe('o')
        expectSent(client).toBe('-(Ap)r', { ...letters, p: { call: 'pause' }, r: { call: 'resume' } })
      })
    })
  })

  it('answers what is cancelled while the answer is on its way, and that is counted as late', () => {
    const told = diary(({ at, watch, write }) => {
      const net = memory({ latency: 5 })
      const { put, get } = rules
      net.host('server').listen({ port: 1 }).pipe(framed(lines()), respond(numbered, upper)).subscribe()
      const dial = net.host('client').connect({ host: 'server', port: 1 }).pipe(framed(lines()))
      const asking = byId<string>({ put, get, cancel: id => `${id}!` })
      const requester = requests(dial, asking)
      watch(requester, 100, ({ type }) => {
        write(type)
      })
      at(20, () => {
        const ask = requester.ask('a').subscribe(write)
        at(7, () => {
          ask.unsubscribe()
        })
      })
      for (const ms of [29, 31])
        at(ms, () => {
          write(`${requester.late} late, ${requester.unknown} unknown`)
        })
      at(40, () => requester.ask('b').subscribe(write))
    })
    expect(told).to.deep.equal(['0 connecting', '10 open', '29 0 late, 0 unknown', '31 1 late, 0 unknown', '50 2B'])
  })

  describe('reads no further', () => {
    const holds = { ...letters, p: { call: 'pause' }, r: { call: 'resume' } }

    it('while as many requests wait as are handled', () =>
      run(({ cold, expectSent }) => {
        const client = cold('    oabg', letters)
        client.pipe(respond(numbered, packet => after(6, upper(packet)), { concurrency: 1 })).subscribe()
        expectSent(client).toBe('--p----(Apr)-(Br)--G', holds)
      }))

    it('while the peer does not read its answers', () =>
      run(({ cold, at, expectSent }) => {
        const client = cold('    oa---d-b', letters)
        client.pipe(respond(numbered, upper)).subscribe()
        client.appeared.subscribe(connection => (connection.answer = false))
        at('                     ------y', { y: () => client.connections.forEach(one => (one.answer = true)) })
        expectSent(client).toBe('-(Ap)r-B', holds)
      }))

    it('nor asks an iterable for an answer before there is room for it', () =>
      run(({ cold, at, expectSent }) => {
        let made = 0
        const many = function* (): Iterable<string> {
          for (;;) yield String((made += 1))
        }
        const client = cold('    o-a-----d-----d-------(x|)', letters)
        client.pipe(respond(inOrder(), many)).subscribe()
        client.appeared.subscribe(connection => (connection.answer = packet => Number(packet) % 2 === 1))
        expectSent(client).toBe('--(12p)-(r34p)(r56p)', holds)
        at('                     ---------------------y', { y: () => expect(made).to.equal(6) })
      }))

    it('nor one whose turn it is not', () =>
      run(({ cold, at, expectSent }) => {
        let made = 0
        const handled = (packet: string): Iterable<string> | Observable<string> =>
          packet === '1a'
            ? after(4, 'A')
            : (function* () {
                yield String((made += 1))
              })()
        const client = cold('    o-ab', letters)
        client.pipe(respond(inOrder(), handled, { concurrency: 2 })).subscribe()
        at('                     ----n', { n: () => expect(made).to.equal(0) })
        expectSent(client).toBe('------(A1)')
      }))
  })

  describe('when a handler fails', () => {
    const failures: Record<string, () => Observable<string>> = {
      throws: () => {
        throw new Error('bad')
      },
      'answers with an error': () => throwError(() => new Error('bad')),
    }
    const destroyed = { h: { type: 'close', reason: 'error', error: 'ERR_HANDLER' } }

    for (const [how, handler] of Object.entries(failures)) {
      it(`and ${how}: destroys its own connection`, () =>
        run(({ cold, expectEvents, expectSent }) => {
          const clients = cold(['    lo-a----', '-o---b'], letters)
          const stream = clients.pipe(respond(numbered, packet => (packet === '1a' ? handler() : upper(packet))))
          expectEvents(stream).toBe(['lo-h', '-o'], destroyed)
          expectSent(clients).toBe([' ---x', '-----B'], letters)
        }))

      it(`and ${how}: answers what is made of it`, () =>
        run(({ cold, expectSent }) => {
          const client = cold('    o-ab', letters)
          const failed = (error: unknown, request: string): string => `${(error as Error).message} ${request}`
          client.pipe(respond(numbered, handler, { failed })).subscribe()
          expectSent(client).toBe('--AB', { A: '1bad 1a', B: '2bad 2b' })
        }))
    }

    it('says so once, in its own words', () =>
      run(({ cold }) => {
        const errors: unknown[] = []
        const client = cold('o-a', letters)
        client.pipe(respond(numbered, failures['throws'] ?? (() => NEVER))).subscribe({
          error: (error: unknown) => {
            errors.push((error as Error).message)
          },
        })
        timer(5).subscribe(() => {
          expect(errors).to.deep.equal(['the handler of respond threw: bad'])
        })
      }))

    for (const rule of ['get', 'put', 'cancels'])
      it(`or ${rule} does: destroys the connection`, () =>
        run(({ cold, expectEvents }) => {
          const bad = byId({ ...rules, [rule]: failures['throws'] })
          expectEvents(cold('o-a', letters).pipe(respond(bad, upper))).toBe('o-(h#)', destroyed, 'ERR_HANDLER')
        }))
  })

  describe('from an iterable', () => {
    /** What comes of it, and what another is answered meanwhile. */
    const handled = (
      many: () => Iterable<string>,
      answer: RecordingConnection<string>['answer'],
      end: 'drain' | 'close',
    ) => {
      const { events, connection } = client()
      const { connection: other } = client()
      const told: string[] = []
      events.pipe(respond(inOrder(), packet => (packet === 'a' ? many() : upper(packet)))).subscribe({
        next: ({ type }) => told.push(type),
        error: (error: unknown) => told.push(String(error)),
      })
      connection.answer = answer
      events.next({ type: 'packet', connection, packet: 'a' })
      if (end === 'drain') events.next({ type: 'drain', connection })
      else events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
      events.next({ type: 'packet', connection: other, packet: 'b' })
      const errors = connection.calls.flatMap(call => (call.call === 'destroy' ? [call.error?.message] : []))
      return { told, sent: connection.sent, errors, other: other.sent }
    }
    const failed = ['the handler of respond threw: bad']

    it('destroys its connection alone where it fails, when there is room again or it is given up', () => {
      const later = function* () {
        yield '1'
        throw new Error('bad')
      }
      const atLast = function* () {
        try {
          yield* ['1', '2']
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- that is what is tested
          throw new Error('bad')
        }
      }
      expect(handled(later, false, 'drain')).to.deep.equal({
        told: ['drain'],
        sent: ['1'],
        errors: failed,
        other: ['B'],
      })
      expect(handled(atLast, false, 'close')).to.deep.equal({
        told: ['close'],
        sent: ['1'],
        errors: failed,
        other: ['B'],
      })
    })

    it('asks for no more when its connection is not open any more, though that has not been told', () => {
      let made = 0
      const endless = function* () {
        for (;;) {
          if (++made > 100) throw new Error('it goes on and on')
          yield String(made)
        }
      }
      const unsendable = (): boolean => {
        throw new Error('bad')
      }
      expect(handled(endless, unsendable, 'close').other).to.deep.equal(['B'])
      expect(made).to.equal(1)
    })

    it('ends it behind the step in which it was given up', () => {
      let returned = false
      const { events, connection, ended } = client()
      const leaving = function* () {
        try {
          subscription.unsubscribe()
          yield '1'
        } finally {
          returned = true
        }
      }
      const subscription = events.pipe(respond(inOrder(), leaving)).subscribe(ended)
      events.next({ type: 'packet', connection, packet: 'a' })
      expect([returned, connection.state, connection.sent]).to.deep.equal([true, 'open', []])
    })
  })

  it('forgets what was cancelled before it was begun', function () {
    this.timeout(30_000)
    const { events, connection } = client()
    const begun: Subject<string>[] = []
    const handler = () => {
      const answer = new Subject<string>()
      begun.push(answer)
      return answer
    }
    events.pipe(respond(numbered, handler, { concurrency: 2 })).subscribe()
    const cycle = (): void => {
      for (const packet of ['1a', '2b', '3c', '3!']) events.next({ type: 'packet', connection, packet })
      for (const answer of begun.splice(0)) answer.complete()
    }
    expect(growth(cycle)).to.be.below(20)
  })

  describe('from an async iterable', () => {
    it('asks for an answer when there is room for it, and takes none back', async () => {
      const { events, connection, ended } = client()
      let made = 0
      let returned = false
      const many = async function* (): AsyncIterable<string> {
        try {
          for (;;) yield await Promise.resolve(String((made += 1)))
        } finally {
          returned = true
        }
      }
      events.pipe(respond(inOrder(), many)).subscribe(ended)
      connection.answer = packet => packet !== '2'
      const sent = firstValueFrom(connection.asked.pipe(filter(call => call.call === 'pause')))
      events.next({ type: 'packet', connection, packet: 'a' })
      await sent
      await new Promise(resolve => setImmediate(resolve))
      expect([made, connection.sent]).to.deep.equal([2, ['1', '2']])
      const more = firstValueFrom(connection.asked.pipe(filter(call => call.call === 'send' && call.packet === '5')))
      events.next({ type: 'drain', connection })
      await more
      events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
      await new Promise(resolve => setImmediate(resolve))
      expect(returned).to.be.true
    })

    it('destroys the connection where it fails, and where it does when it is given up', async () => {
      const bad = new Error('bad')
      const throws = () => {
        throw bad
      }
      const faults = [
        { next: () => Promise.reject(bad) },
        { next: throws },
        { return: () => Promise.reject(bad) },
        { return: throws },
      ]
      for (const fault of faults) {
        const { events, connection, ended } = client()
        connection.answer = false
        const one = Promise.resolve({ value: '1' })
        const failing = { [Symbol.asyncIterator]: () => ({ next: () => one, ...fault }) }
        const destroyed = firstValueFrom(connection.asked.pipe(filter(call => call.call === 'destroy')))
        const subscription = events.pipe(respond(inOrder(), () => failing)).subscribe(ended)
        events.next({ type: 'packet', connection, packet: 'a' })
        if ('return' in fault) {
          await firstValueFrom(connection.asked.pipe(filter(call => call.call === 'send')))
          subscription.unsubscribe()
        }
        const { error } = (await destroyed) as { readonly error?: Error }
        expect(error).to.include({ code: 'ERR_HANDLER', message: 'the handler of respond threw: bad' })
      }
    })
  })

  it('refuses options that it does not know, and to have no bound', () => {
    for (const concurrency of [0, Infinity])
      expect(() => respond<ConnectionEvent<string, Connection<string>>>(numbered, upper, { concurrency }))
        .to.throw(/^respond: concurrency must be/)
        .with.property('code', 'ERR_OPTIONS')
  })

  it('refuses what is no correlation, and no handler, with all else', () => {
    expect(optionFaults(() => respond(inOrder as never, 7 as never, { concurrency: 0 }))).to.deep.equal([
      'correlation must be one that byId or inOrder makes, not a function',
      'handler must be a function, not 7',
      'concurrency must be a whole number, more than 0, not 0',
    ])
    expect(optionFaults(() => respond(undefined as never, undefined as never))).to.deep.equal([
      'correlation is missing',
      'handler is missing',
    ])
  })
})

/** A client that says what it is told to. */
function client() {
  const connection = recordingConnection<string>()
  const events = new Subject<ConnectionEvent<string, RecordingConnection<string>>>()
  return { connection, events, ended: { error: () => undefined } }
}
