import { expect } from 'chai'
import {
  Subject,
  Subscription,
  catchError,
  concatMap,
  defer,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  of,
  retry,
  share,
  take,
  throwError,
  type Observable,
  timer,
} from 'rxjs'
import { reconnect, type Connection, type ConnectionEvent, type SluiceError } from 'sluice'
import { byId, inOrder, requests, type ById, type ByIdRules, type InOrder } from 'sluice/request'
import { recordingConnection, type RecordingConnection } from 'sluice/testing'
import { leavesNothing, run } from '../support/run.js'
import { fate, letters, numbered } from './numbered.js'

const silent: Observable<ConnectionEvent<string, Connection<string>>> = NEVER

describe('requests', () => {
  describe('by id', () => {
    it('brings each answer to who asked, in whatever order, and drops nothing else', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('               -o----B-p-A-', letters)
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('    -o------p---', letters)
        expectObservable(requester.ask('a'), '--^').toBe('----------(A|)', letters)
        expectObservable(requester.ask('b'), '---^').toBe('------(B|)', letters)
        expectSent(dial).toBe('           --ab', letters)
      }))

    it('asks once for each subscriber', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---AB', letters)
        const requester = requests(dial, numbered)
        const ask = requester.ask('a')
        expectEvents(requester).toBe('       o')
        expectObservable(ask, '             -^').toBe('----(A|)', letters)
        expectObservable(ask, '             --^').toBe('-----(B|)', letters)
        expectSent(dial).toBe('              -ac', { ...letters, c: '2a' })
      }))

    it('counts answers that come too late, and those for nobody, and gives them to nobody', () =>
      run(({ cold, at, expectEvents, expectObservable }) => {
        const dial = cold('                  o---A-A-B-G', letters)
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       o', letters)
        expectObservable(requester.ask('a'), '-^!').toBe('-')
        expectObservable(requester.ask('b'), '-^').toBe('--------(B|)', letters)
        at('                                 ---a-b-c-d-e', {
          a: () => expect([requester.late, requester.unknown]).to.deep.equal([0, 0]),
          b: () => expect([requester.late, requester.unknown]).to.deep.equal([1, 0]),
          c: () => expect([requester.late, requester.unknown]).to.deep.equal([1, 1]),
          d: () => expect([requester.late, requester.unknown]).to.deep.equal([1, 1]),
          e: () => expect([requester.late, requester.unknown]).to.deep.equal([1, 2]),
        })
      }))

    it('tells the peer what is not waited for any more: once, and not what is answered', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---A--', letters)
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a').pipe(take(1)), '-^').toBe('----(A|)', letters)
        expectObservable(requester.ask('b'), '-^----!').toBe('-')
        expectObservable(fate(requester.ask('g', { timeout: 7 })), '-^').toBe('--------(t|)', letters)
        expectSent(dial).toBe('              -(abg)z-3', { ...letters, 3: '3!' })
      }))

    it('numbers anew on each connection, and takes no answer of the one before', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o--(x#)', letters)
        const requester = requests(dial.pipe(reconnect([4])), numbered)
        expectEvents(requester).toBe('       o--(xr)o--(x#)', letters)
        expectObservable(fate(requester.ask('a')), '-^--!').toBe('---(L|)', letters)
        expectObservable(fate(requester.ask('a')), '--------^').toBe('----------(L|)', letters)
        expectSent(dial).toBe(['             -a', '--------a'], letters)
      }))
  })

  describe('in order', () => {
    it('takes packets for the answers to what was asked, one after the other', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---12-3')
        const requester = requests(dial, inOrder())
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('----(1|)')
        expectObservable(requester.ask('b'), '-^').toBe('-----(2|)')
        expectSent(dial).toBe('              -(ab)')
        expect(requester.unknown).to.equal(0)
      }))

    it('keeps the place of what is not waited for any more, which swallows its answer', () =>
      run(({ cold, at, expectEvents, expectObservable }) => {
        const dial = cold('                  o-----123')
        const requester = requests(dial, inOrder())
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^-!').toBe('-')
        expectObservable(fate(requester.ask('b', { timeout: 3 })), '-^').toBe('----(t|)', letters)
        expectObservable(requester.ask('g'), '-^').toBe('--------(3|)')
        at('                                 ---------n', {
          n: () => expect([requester.late, requester.unknown]).to.deep.equal([2, 0]),
        })
      }))

    it('leaves what the peer says of its own accord in the stream', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o---p1p2')
        const requester = requests(dial, inOrder<string>({ isAnswer: packet => packet !== 'p' }))
        expectEvents(requester).toBe('       o---p-p')
        expectObservable(requester.ask('a'), '-^').toBe('-----(1|)')
      }))
  })

  describe('takes', () => {
    const streamed = inOrder<string>({ last: answer => answer === '.' })

    it('several answers to one request, until the last', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o---12-.3.')
        const requester = requests(dial, streamed)
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('----12-(.|)')
        expectObservable(requester.ask('b'), '-^').toBe('--------3(.|)')
      }))

    it('none of those that still come when they are not wanted any more', () =>
      run(({ cold, at, expectEvents, expectObservable }) => {
        const dial = cold('                  o---12-.3.')
        const requester = requests(dial, streamed)
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a').pipe(take(1)), '-^').toBe('----(1|)')
        expectObservable(requester.ask('b'), '-^').toBe('--------3(.|)')
        at('                                 ----------n', { n: () => expect(requester.late).to.equal(2) })
      }))

    it('an answer for an error, where it stands for one', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const failure = new Error('WRONGTYPE')
        const dial = cold('                  o---1-2')
        const requester = requests(dial, inOrder<string>({ failed: answer => (answer === '1' ? failure : undefined) }))
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('----#', {}, failure)
        expectObservable(requester.ask('b'), '-^').toBe('------(2|)')
      }))

    it('an answer that is an error for that, unless told otherwise', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const answers = { f: new Error('WRONGTYPE') }
        const ask = (correlation: InOrder<unknown>, diagram: string, error?: Error): void => {
          const requester = requests(cold<typeof answers, string>('o---f', answers), correlation)
          expectEvents(requester).toBe('o')
          expectObservable(requester.ask('a'), '-^').toBe(diagram, answers, error)
        }
        ask(inOrder(), '----#', answers.f)
        ask(inOrder({ failed: () => undefined }), '----(f|)')
      }))

    it('what follows such an answer for nobody', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const failure = new Error('partly')
        const dial = cold('                  o---12.3.')
        const failed = (answer: string): Error | undefined => (answer === '2' ? failure : undefined)
        const requester = requests(dial, inOrder<string>({ last: answer => answer === '.', failed }))
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('----1#', letters, failure)
        expectObservable(requester.ask('b'), '-^').toBe('-------3(.|)')
      }))
  })

  describe('has a deadline', () => {
    it('for each ask, whether it could be sent or not', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  ----o-------')
        const requester = requests(dial, numbered, { timeout: 5 })
        expectEvents(requester).toBe('       ----o')
        expectObservable(fate(requester.ask('a', { timeout: 3 })), '^').toBe('---(T|)', letters)
        expectObservable(fate(requester.ask('b')), '-^').toBe('------(t|)', letters)
        expectObservable(fate(requester.ask('g')), '-----^').toBe('----------(t|)', letters)
      }))

    it('of five seconds, unless told otherwise', () =>
      run(({ expectObservable }) => {
        expectObservable(fate(requests(silent, numbered).ask('a'))).toBe('5s (T|)', letters)
      }))

    it('that begins anew with each of several answers', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o---1---2----')
        const requester = requests(dial, inOrder({ last: () => false }), { timeout: 5 })
        expectEvents(requester).toBe('       o')
        expectObservable(fate(requester.ask('a')), '^').toBe('----1---2----(t|)', letters)
      }))

    it('or none', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o 60m A', letters)
        const requester = requests(dial, numbered, { timeout: Infinity })
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('- 60m (A|)', letters)
      }))
  })

  describe('fails what is in flight', () => {
    it('at once when the connection closes, and says that it was sent', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o---(x#)')
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       o---(x#)')
        expectObservable(fate(requester.ask('a')), '-^').toBe('----(L|)', letters)
      }))

    it('when the peer has finished sending, though the connection is open', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---e---(x|)')
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       o---e---(x|)')
        expectObservable(fate(requester.ask('a')), '-^').toBe('----(L|)', letters)
        expectObservable(fate(requester.ask('b')), '-----^').toBe('--------(M|)', letters)
        expectSent(dial).toBe('              -a', letters)
      }))

    it('with the error of the connection as the cause', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const reset = new Error('reset')
        const requester = requests(cold('    o---(x#)', {}, reset), numbered)
        expectEvents(requester).toBe('       o---(x#)', {}, reset)
        expectObservable(requester.ask('a').pipe(causes), '-^').toBe('----#', {}, reset)
      }))

    it('when the stream fails without a word about its connections, and what waits', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o-----').pipe(
          take(1),
          mergeMap(event => [event]),
        )
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       (o|)')
        const broken = requests(throwError(() => new Error('broken')) as typeof silent, numbered)
        expectObservable(fate(broken.ask('a'))).toBe('(M|)', letters)
        const busy = requests(cold('         o----#'), numbered, { maxInFlight: 1 })
        expectObservable(fate(busy.ask('a'))).toBe('-----(L|)', letters)
        expectObservable(fate(busy.ask('b')), '-^').toBe('-----(M|)', letters)
      }))

    it('but not what is cancelled because another has failed', () => {
      for (const over of ['close', 'error'] as const) {
        const connection = recordingConnection<string>()
        const events = new Subject<ConnectionEvent<string, RecordingConnection<string>>>()
        const requester = requests(events, numbered)
        const failures: unknown[] = []
        const watching = requester.subscribe({ error: () => undefined })
        events.next({ type: 'open', connection, session: 1 })
        const second = new Subscription()
        requester.ask('a').subscribe({
          error: () => {
            second.unsubscribe()
          },
        })
        second.add(requester.ask('b').subscribe({ error: (error: unknown) => failures.push(error) }))
        expect(requester.inFlight).to.equal(2)
        if (over === 'error') events.error(new Error('over'))
        else events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
        expect([requester.inFlight, failures, events.observed]).to.deep.equal([0, [], over === 'close'])
        watching.unsubscribe()
        expect(events.observed).to.be.false
      }
    })

    it('and lets it ask anew, of a new subscription', () =>
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const dial = cold('                  o--(x#)')
        const requester = requests(dial, numbered)
        expectObservable(fate(requester.ask('a').pipe(retry({ count: 1, delay: 1 })))).toBe('-------(L|)', letters)
        expectSubscriptions(dial.subscriptions).toBe(['^--!', '----^--!'])
      }))
  })

  describe('sends again', () => {
    const dropping = '                       o--(x#)'

    it('what may be done twice, before what waits, on the next connection', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold(dropping, letters)
        const requester = requests(dial.pipe(reconnect([4])), inOrder<string>(), { maxInFlight: 1 })
        expectEvents(requester, '            ^-----------!').toBe('o--(xr)o--(x#)')
        const twice = { idempotent: true, timeout: 9 }
        expectObservable(fate(requester.ask('a', twice)), '^').toBe('---------(t|)', letters)
        expectObservable(fate(requester.ask('b')), '-^').toBe('----------(M|)', letters)
        expectSent(dial).toBe(['             a', '-------a'])
      }))

    it('nothing else, and nothing of which an answer has come', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o-1(x#)', letters)
        const requester = requests(dial.pipe(reconnect([4])), inOrder({ last: () => false }))
        expectEvents(requester, '            ^-----!').toBe('o--(xr)')
        expectObservable(fate(requester.ask('a', { idempotent: true })), '^').toBe('--1(L|)', letters)
      }))
  })

  describe('lets wait', () => {
    it('what is asked before there is a connection, in the order in which it was asked', () =>
      run(({ cold, expectObservable, expectSent, at }) => {
        const dial = cold('                  ---o-A-B', letters)
        const requester = requests(dial, numbered)
        expectObservable(requester.ask('a')).toBe('-----(A|)', letters)
        expectObservable(requester.ask('b'), '-^').toBe('-------(B|)', letters)
        expectSent(dial).toBe('              ---(ab)', letters)
        at('                                 --w-s', {
          w: () => expect([requester.waiting, requester.inFlight]).to.deep.equal([2, 0]),
          s: () => expect([requester.waiting, requester.inFlight]).to.deep.equal([0, 2]),
        })
      }))

    it('what is more than a connection may have in flight', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---A--B', letters)
        const requester = requests(dial, numbered, { maxInFlight: 1 })
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '-^').toBe('----(A|)', letters)
        expectObservable(requester.ask('b'), '-^').toBe('-------(B|)', letters)
        expectSent(dial).toBe('              -a--b', letters)
      }))

    it('and sends it when another is not waited for any more', () =>
      run(({ cold, expectSent }) => {
        const client = cold('    o----', letters)
        const asker = requests(client, numbered, { maxInFlight: 1, timeout: Infinity })
        asker.subscribe()
        const first = asker.ask('a').subscribe()
        asker.ask('b').subscribe()
        timer(2).subscribe(() => {
          first.unsubscribe()
        })
        expectSent(client).toBe('a-(kb)', { a: '1a', k: '1!', b: '2b' })
      }))

    it('what would be sent to a peer that is behind, until the drain', () =>
      run(({ cold, at, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o----d-A-B', letters)
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       o----d', letters)
        at('                                 -s', {
          s: () => ((dial.connections[0] ?? { answer: true }).answer = false),
        })
        expectObservable(requester.ask('a'), '--^').toBe('-------(A|)', letters)
        expectObservable(requester.ask('b'), '---^').toBe('---------(B|)', letters)
        expectSent(dial).toBe('              --a--b', letters)
      }))

    it('only so many, and none if told so', () =>
      run(({ expectObservable }) => {
        const two = requests(silent, numbered, { maxWaiting: 2 })
        expectObservable(fate(two.ask('a')), '^--!').toBe('-')
        expectObservable(fate(two.ask('b')), '^').toBe('5s (T|)', letters)
        expectObservable(fate(two.ask('g')), '-^').toBe('-(O|)', letters)
        expectObservable(fate(two.ask('g')), '----^').toBe('---- 5s (T|)', letters)
        expectObservable(fate(requests(silent, numbered, { maxWaiting: 0 }).ask('a'))).toBe('(O|)', letters)
      }))
  })

  describe('asks on', () => {
    const rows = ['                             lo---------', '-o---A-----', '-o---------']

    it('the connection with the fewest in flight, and on equal ones by turns', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const net = cold(rows, letters)
        const requester = requests(net, numbered)
        expectEvents(requester).toBe(['      lo', '-o', '-o'])
        expectObservable(requester.ask('a').pipe(map(() => 'x')), '--^').toBe('-----(x|)')
        for (const start of ['---^', '----^', '------^', '-------^'])
          expectObservable(requester.ask('a'), `${start}---!`).toBe('')
        expectSent(net).toBe(['              ----a---y', '--a---c---z', '---a---(yc)z'], { ...letters, c: '2a' })
      }))

    it('another, where the one with the fewest can take none', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const net = cold(['                  lo------', '-o-------'], letters)
        const requester = requests(net, numbered)
        net.appeared.subscribe(connection => (connection.answer = net.connections[0] === connection))
        expectEvents(requester).toBe(['      lo', '-o'])
        for (const start of ['--^', '---^', '----^']) expectObservable(requester.ask('a'), `${start}-----!`).toBe('')
        expectSent(net).toBe(['              ---ab----yz', '--a-----y'], { ...letters, b: '2a' })
      }))

    it('the one that is selected, and waits while that is busy', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const net = cold(['                  lo-----', '-o---A-', '-o-----'], letters)
        const requester = requests(net, numbered, {
          maxInFlight: 1,
          select: (connections, packet) => connections[packet === 'a' ? 1 : 2],
        })
        expectEvents(requester).toBe(['      lo', '-o', '-o'])
        expectObservable(requester.ask('a'), '--^').toBe('-----(A|)', letters)
        expectObservable(requester.ask('a'), '--^-----!').toBe('')
        expectObservable(requester.ask('b'), '---^---!').toBe('')
        expectSent(net).toBe(['              ', '--a--b--z', '---c---y'], { ...letters, b: '2a', c: '1b' })
      }))

    it('none while none is selected', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const net = cold(['                  lo------', '----o-----'], letters)
        const requester = requests(net, numbered, { select: ([, second]) => second })
        expectEvents(requester).toBe(['      lo', '----o'])
        expectObservable(requester.ask('a'), '--^--!').toBe('')
        expectSent(net).toBe(['              ', '----ay'], letters)
      }))

    it('the connection of its choice, before all that wait', () =>
      run(({ cold, expectObservable, expectSent }) => {
        const dial = cold('                  --o-AB', letters)
        const requester = requests(dial, numbered)
        const login = requester.pipe(
          mergeMap(event => (event.type === 'open' ? requester.ask('a', { connection: event.connection }) : [])),
        )
        expectObservable(login).toBe('       ----A', letters)
        expectObservable(requester.ask('b')).toBe('-----(B|)', letters)
        expectSent(dial).toBe('              --(ab)', letters)
      }))

    it('no other, where that is gone', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const net = cold(['                  lo------', '-o----(x|)'], letters)
        const requester = requests(net, numbered, { maxInFlight: 1 })
        const pinned = defer(() =>
          fate(requester.ask('a', { connection: net.connections[1] as never, idempotent: true })),
        )
        expectEvents(requester).toBe(['      lo----|', '-o----x'])
        expectObservable(pinned, '--^').toBe('------(L|)', letters)
        expectObservable(pinned, '---^').toBe('------(M|)', letters)
        expectObservable(pinned, '-------^').toBe('-------(M|)', letters)
      }))

    it('what is open already in a stream that is shared and says so', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o----A', letters)
        const shared = Object.assign(dial.pipe(share()), { connections: dial.connections })
        expectEvents(shared).toBe('          o----A', letters)
        expectObservable(requests(shared, numbered).ask('a'), '--^').toBe('-----(A|)', letters)
        expectSent(dial).toBe('              --a', letters)
      }))

    it('one that counts what is in flight on it, for others to see', () =>
      run(({ cold, at, expectEvents, expectObservable }) => {
        const dial = cold('                  o----A--(x|)', letters)
        const requester = requests(dial, numbered)
        const member = dial.connections
        const loaded = requester.pipe(map(event => event))
        dial.appeared.subscribe(connection => Object.assign(connection, { inFlight: 7 }))
        expectEvents(loaded).toBe('          o-------(x|)')
        expectObservable(requester.ask('a'), '-^').toBe('-----(A|)', letters)
        expectObservable(fate(requester.ask('b')), '--^').toBe('--------(L|)', letters)
        const counts = (inFlight: number) => () => expect(member[0]).to.include({ inFlight })
        at('                                 ---a--b--c', { a: counts(9), b: counts(8), c: counts(7) })
      }))
  })

  describe('holds the stream', () => {
    it('from the first who is there to the last', () =>
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const dial = cold('                  o----A----', letters)
        const requester = requests(dial, numbered)
        expectObservable(requester.ask('a'), '-^').toBe('------(A|)', letters)
        expectObservable(requester.pipe(map(({ type }) => type)), '--^-----!').toBe('')
        expectObservable(requester.ask('b'), '----^----!').toBe('')
        expectSubscriptions(dial.subscriptions).toBe('-^-------!')
      }))

    it('from an answer to what is asked upon it', () =>
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const dial = cold('                  o----A-B--', letters)
        const requester = requests(dial, numbered)
        const one = from(['a', 'b']).pipe(concatMap(packet => requester.ask(packet)))
        expectObservable(one).toBe('         -----A-(B|)', letters)
        expectSubscriptions(dial.subscriptions).toBe('^------!')
      }))

    it('and tells all its subscribers the same', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                  c-o--p-(x|)')
        const requester = requests(dial, numbered)
        expectEvents(requester).toBe('       c-o--p-(x|)')
        expectEvents(requester, '^').toBe('  c-o--p-(x|)')
        expectEvents(requester, '---^').toBe('-----p-(x|)')
      }))

    it('and in the same order, though one of them causes something while he is told', () => {
      const connection = recordingConnection<string>()
      const events = new Subject<ConnectionEvent<string, RecordingConnection<string>>>()
      const requester = requests(events, numbered)
      const seen: string[][] = [[], []]
      requester.subscribe(event => {
        seen[0]?.push(event.type)
        if (event.type === 'open') events.next({ type: 'packet', connection, packet: 'p' })
        if (event.type === 'packet') expect(connection.paused).to.be.true
      })
      requester.subscribe(({ type }) => seen[1]?.push(type))
      events.next({ type: 'open', connection, session: 1 })
      expect(seen).to.deep.equal([
        ['open', 'packet'],
        ['open', 'packet'],
      ])
      expect(connection.paused).to.be.false
    })

    it('and leaves nothing when all have left', () => {
      leavesNothing(10, ({ cold }) => {
        const requester = requests(cold('o---A-(x|)', letters).pipe(reconnect([1])), numbered, { timeout: 6 })
        return merge(requester, requester.ask('a'), fate(requester.ask('b')), requester.ask('g', { timeout: 3 }))
      })
    })
  })

  describe('lets user code throw', () => {
    const bad = new Error('bad')
    const throws = (): never => {
      throw bad
    }

    it('in put: that ask fails', () =>
      run(({ cold, expectEvents, expectObservable, expectSent }) => {
        const dial = cold('                  o---B', letters)
        const put = (packet: string, id: number): string => (packet === 'a' ? throws() : `${id}${packet}`)
        const requester = requests(dial, byId<string>({ ...rulesOf(numbered), put }))
        expectEvents(requester).toBe('       o')
        expectObservable(codes(requester.ask('a')), '-^').toBe('-(h|)', { h: 'ERR_HANDLER' })
        expectObservable(requester.ask('b'), '--^').toBe('----(B|)', letters)
        expectSent(dial).toBe('              --b', letters)
        expect(requester.inFlight).to.equal(0)
      }))

    it('in select: that ask fails', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const requester = requests(cold('    o---'), numbered, { select: throws })
        expectEvents(requester).toBe('       o')
        expectObservable(codes(requester.ask('a')), '-^').toBe('-(h|)', { h: 'ERR_HANDLER' })
      }))

    it('in a codec, at a packet that it can not encode: that ask fails with what was thrown', () =>
      run(({ cold, at, expectEvents, expectObservable }) => {
        const dial = cold('                  o----1', letters)
        const requester = requests(dial, inOrder<string>())
        expectEvents(requester).toBe('       o')
        at('                                 -a', {
          a: () => Object.assign(dial.connections[0] ?? {}, { answer: (packet: string) => packet !== 'a' || throws() }),
        })
        expectObservable(requester.ask('a'), '--^').toBe('--#', letters, bad)
        expectObservable(requester.ask('b'), '--^').toBe('-----(1|)', letters)
      }))

    it('in a codec too where there are ids', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o----B', letters)
        const requester = requests(dial, numbered)
        dial.appeared.subscribe(connection => (connection.answer = packet => packet !== '1a' || throws()))
        expectEvents(requester).toBe('       o')
        expectObservable(requester.ask('a'), '--^').toBe('--#', letters, bad)
        expectObservable(requester.ask('b'), '--^').toBe('-----(B|)', letters)
      }))

    for (const rule of ['isAnswer', 'last', 'failed'] as const)
      it(`in ${rule}: its connection is destroyed`, () =>
        run(({ cold, expectEvents, expectObservable }) => {
          const dial = cold('                o---1', letters)
          const requester = requests(dial, inOrder<string>({ [rule]: throws }))
          expectEvents(requester).toBe('     o---(h#)', { h: { type: 'close', error: 'ERR_HANDLER' } }, 'ERR_HANDLER')
          expectObservable(fate(requester.ask('a')), '-^').toBe('----(L|)', letters)
        }))

    it('in get: its connection is destroyed', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o---A', letters)
        const requester = requests(dial, byId<string>({ ...rulesOf(numbered), get: throws }))
        expectEvents(requester).toBe('       o---(h#)', { h: { type: 'close', error: 'ERR_HANDLER' } }, 'ERR_HANDLER')
        expectObservable(fate(requester.ask('a')), '-^').toBe('----(L|)', letters)
      }))

    it('in cancel: its connection is destroyed', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const dial = cold('                  o-----A', letters)
        const requester = requests(dial, byId<string>({ ...rulesOf(numbered), cancel: throws }))
        expectEvents(requester).toBe('       o---(h#)', { h: { type: 'close', error: 'ERR_HANDLER' } }, 'ERR_HANDLER')
        expectObservable(fate(requester.ask('a', { timeout: 3 })), '-^').toBe('----(t|)', letters)
        expectObservable(fate(requester.ask('b')), '-^').toBe('----(L|)', letters)
      }))
  })

  it('promises the answer', async () => {
    const connection = recordingConnection<string>()
    const events = new Subject<ConnectionEvent<string, RecordingConnection<string>>>()
    const requester = requests(events, numbered)
    const answers = Promise.all([requester.promise('a'), requester.promise('b')])
    events.next({ type: 'open', connection, session: 1 })
    for (const packet of ['2B', '1A']) events.next({ type: 'packet', connection, packet })
    expect(await answers).to.deep.equal(['1A', '2B'])
    expect(connection.sent).to.deep.equal(['1a', '2b'])
  })

  it('promises the first answer, and cancels what would follow', async () => {
    const asked = recordingConnection<string>()
    const events = new Subject<ConnectionEvent<string, RecordingConnection<string>>>()
    const requester = requests(events, byId<string>({ ...rulesOf(numbered), last: () => false }))
    const answer = requester.promise('a')
    events.next({ type: 'open', connection: asked, session: 1 })
    events.next({ type: 'packet', connection: asked, packet: '1A' })
    expect(await answer).to.equal('1A')
    expect(asked.sent).to.deep.equal(['1a', '1!'])
    expect(events.observed).to.be.false
    const late = requester.promise('a', { timeout: 1 })
    expect(await late.catch((error: unknown) => error)).to.have.property('code', 'ERR_REQUEST_TIMEOUT')
  })

  it('refuses options that it does not know', () => {
    expect(() => requests(silent, numbered, { timeout: 0, maxWaiting: -1, maxInFlight: 0 }))
      .to.throw(/^requests: timeout must be .*; maxWaiting must be .*; maxInFlight must be/)
      .with.property('code', 'ERR_OPTIONS')
    expect(() => requests(silent, inOrder as never, { timeout: 0 })).to.throw(
      /^requests: correlation must be .*; timeout must be/,
    )
    expect(() => requests(silent, numbered).ask('a', { timeout: 0 })).to.throw(/^ask: timeout must be/)
    expect(() => byId({ put: 7 as never } as never)).to.throw(/^byId: get is missing; put must be a function/)
    expect(() => inOrder({ last: 7 as never })).to.throw(/^inOrder: last must be a function/)
  })
})

/** The rules of a correlation, to make another of. */
function rulesOf<In, Out>({ put, get, cancel }: ById<In, Out>): ByIdRules<In, Out> {
  return { put, get, ...(cancel && { cancel }) }
}

function codes<T>(ask: Observable<T>): Observable<T | string> {
  return ask.pipe(catchError((error: unknown) => of((error as SluiceError).code)))
}

/** Errors with the cause of the error, which is what is looked at. */
function causes<T>(ask: Observable<T>): Observable<T> {
  return ask.pipe(catchError((error: unknown) => throwError(() => (error as Error).cause as Error)))
}
