import { expect } from 'chai'
import {
  BehaviorSubject,
  EMPTY,
  NEVER,
  Subject,
  concat,
  defer,
  filter,
  merge,
  of,
  take,
  tap,
  throwError,
  type MonoTypeOperatorFunction,
} from 'rxjs'
import { constant, limit, reconnect, type AnyEvent, type BackoffPolicy, type ReconnectOptions } from 'sluice'
import { recordingConnection, type RecordingConnection } from 'sluice/testing'
import { leavesNothing, run } from '../support/run.js'

/** What the digits of the diagrams say: the first, the second, … wait of an outage. */
const waits = Object.fromEntries([1, 2, 3, 4].map(attempt => [attempt, { type: 'retry', attempt }]))

const local = { type: 'close', reason: 'local' }
const shutdown = { type: 'close', reason: 'shutdown' }

describe('reconnect', () => {
  describe('goes by the close', () => {
    it('of a peer that left: dials again after the delay, and tells so', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('-o-p-(x|)')
        const stream = dial.pipe(reconnect([9]))
        expectEvents(stream, '^-----------------!').toBe('-o-p-(xr)------o-p', {
          r: { type: 'retry', attempt: 1, delay: 9 },
        })
      }))

    it('of a failure: dials again, and counts the attempts', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                               c-(x#)')
        expectEvents(dial.pipe(reconnect([4, 4, 4]))).toBe('c-(x1)c-(x2)c-(x3)c-(x#)', waits)
      }))

    it('of ours: completes', () =>
      run(({ cold, expectEvents }) => {
        expectEvents(cold('-o-(x|)', { x: local }).pipe(reconnect([4]))).toBe('-o-(x|)', { x: local })
        expectEvents(cold('-o-(x|)', { x: shutdown }).pipe(reconnect([4]))).toBe('-o-(x|)', { x: shutdown })
      }))

    it('of ours that could not be flushed: errors with its error', () =>
      run(({ cold, expectEvents }) => {
        const late = { ...local, error: 'ERR_CLOSE_TIMEOUT' }
        const dial = cold('-o-(x#)', { x: late }, 'ERR_CLOSE_TIMEOUT')
        expectEvents(dial.pipe(reconnect([4]))).toBe('-o-(x#)', { x: late }, 'ERR_CLOSE_TIMEOUT')
      }))

    it('of a connection that we have destroyed: dials again if that was for an error', () =>
      run(({ cold, at, expectEvents }) => {
        for (const [error, expected] of [
          [new Error('bad'), '-o---(x1)-o'],
          [undefined, '       -o---(x|)'],
        ] as const) {
          const dial = cold('-o---------p')
          expectEvents(dial.pipe(reconnect([4])), '^----------!').toBe(expected, waits)
          at('               -----d', { d: () => dial.connections[0]?.destroy(error) })
        }
      }))

    it('of a failure that its source did not error with: errors where it is not to dial again', () =>
      run(({ cold, expectEvents }) => {
        const failed = cold('o-(x|)', { x: { type: 'close', reason: 'error', error: 'ERR_HANDLER' } })
        expectEvents(failed.pipe(reconnect([4], { classify: () => 'stop' }))).toBe('o-(x#)', {}, 'ERR_HANDLER')
      }))

    it('when its source has finished, so that a source may come back by itself', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                                        (x#)')
        const host = dial.pipe(reconnect([4, 4]))
        const expected = '                                          (x1)(x2)(x1)(x1)(x2)(x#)'
        expectEvents(host.pipe(reconnect([4]))).toBe(expected, waits)
      }))
  })

  describe('where there is no close', () => {
    it('takes an error for a failed attempt, and tells what it was', () =>
      run(({ cold, expectObservable }) => {
        const refused = new Error('no credentials')
        const login = defer(() => throwError(() => refused))
        const retry = { type: 'retry', attempt: 1, delay: 3, cause: refused }
        expectObservable(login.pipe(reconnect([3]))).toBe('r--#', { r: retry }, refused)
        expectObservable(concat(cold('--|'), login).pipe(reconnect([3]))).toBe('--r----#', { r: retry }, refused)
      }))

    it('tells that error although there was a close before, which the source has answered by itself', () =>
      run(({ cold, expectEvents }) => {
        const fault = new Error('no credentials')
        const host = cold('o(xr)-#', {}, fault)
        expectEvents(host.pipe(reconnect([4]), take(4))).toBe('o(xr)-(1|)', { 1: { type: 'retry', cause: fault } })
      }))

    it('completes with a source that has dialled again by itself, and then left', () =>
      run(({ cold, expectEvents }) => {
        const again = concat(cold('o(x|)'), cold('-----c-|'), cold('o(x|)'), cold('-----o-|'))
        expectEvents(again.pipe(reconnect([4]))).toBe('ox----c-ox----o-|')
      }))

    it('completes with its source', () =>
      run(({ cold, expectEvents }) => {
        expectEvents(EMPTY.pipe(reconnect([4]))).toBe('|')
        expectEvents(cold('-o-p-p').pipe(take(2), reconnect([4]))).toBe('-o-(p|)')
      }))

    it('waits for as long as its source does', () =>
      run(({ expectEvents }) => {
        expectEvents(NEVER.pipe(reconnect([4]))).toBe('-')
      }))

    it('tells the close of a connection that went in silence because an operator had failed', () =>
      run(({ cold, expectEvents }) => {
        const fault = new Error('cannot map')
        const dial = cold('-o-p').pipe(
          tap(event => {
            if (event.type === 'packet') throw fault
          }),
        )
        const close = { type: 'close', reason: 'error', error: fault, bytesUnsent: 0 }
        expectEvents(dial.pipe(reconnect([4]))).toBe('-o-(x1)-o-(x#)', { x: close, ...waits }, fault)
      }))

    it('tells the close of one that went so before it had opened', () =>
      run(({ cold, plain, expectEvents }) => {
        const stream = merge(cold('c---'), plain.cold<never>('---#')).pipe(reconnect([4]))
        expectEvents(stream).toBe('c--(x1)c--(x#)', waits)
      }))
  })

  describe('counts', () => {
    it('the sessions of each subscriber', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('-o-(x|)').pipe(reconnect([4]))
        const sessions = Object.fromEntries([1, 2].map(session => [`${session}`, { type: 'open', session }]))
        const expected = '   -1-(xr)-2-'
        expectEvents(stream, '^---------!').toBe(expected, sessions)
        expectEvents(stream, '----^---------!').toBe(`----${expected.trim()}`, sessions)
      }))

    it('the attempts of one outage on, if the connection did not stay up', () =>
      run(({ cold, expectEvents }) => {
        const flapping = cold('o---(x|)')
        const stream = flapping.pipe(reconnect([4, 5, 6], { stableAfter: 5 }))
        expectEvents(stream, '^-----------------------!').toBe('o---(x1)o---(x2)-o---(x3)', waits)
      }))

    it('the attempts of one outage on, whatever was before it', () =>
      run(({ cold, expectEvents }) => {
        const dials = [cold('o---(x|)'), cold('(x#)'), cold('(x#)')].values()
        const stream = defer(() => dials.next().value ?? NEVER).pipe(reconnect([4, 4, 4], { stableAfter: 4 }))
        expectEvents(stream).toBe('o---(x1)(x2)(x3)', waits)
      }))

    it('afresh, and with fresh delays, after a connection that did', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('    o---(x|)').pipe(reconnect([4, 5, 6], { stableAfter: 4 }))
        expectEvents(stream, '^-----------------------!').toBe('o---(x1)o---(x1)o---(x1)', waits)
      }))

    it('as staying up no connection that was lost before the source dialled again by itself', () =>
      run(({ cold, expectEvents }) => {
        const dial = concat(cold('o(x|)'), cold('22ms c-(x|)'))
        const stream = dial.pipe(reconnect([4, 5], { stableAfter: 10 }))
        expectEvents(stream, '^ 60ms !').toBe('ox 21ms c-(x1)ox 21ms c-(x2)-ox', waits)
      }))

    it('as staying up what was open, and not what its source does when it has closed', () =>
      run(({ cold, plain, expectEvents }) => {
        const dial = concat(cold('o(x|)'), plain.cold<never>('20ms |'))
        const stream = dial.pipe(reconnect([4, 5], { stableAfter: 10 }))
        expectEvents(stream, '^ 51ms !').toBe('ox 19ms 1---ox 19ms 2----o', waits)
      }))

    it('ten seconds as staying up, unless told otherwise', () =>
      run(({ cold, expectEvents }) => {
        const policy = [4, 4]
        const short = cold('o 9998ms (x|)').pipe(reconnect(policy))
        expectEvents(short, '^ 21000ms !').toBe('o 9998ms (x1)o 9998ms (x2)o 990ms -', waits)
        const long = cold('o 9999ms (x|)').pipe(reconnect(policy))
        expectEvents(long, '^ 21000ms !').toBe('o 9999ms (x1)o 9999ms (x1)o 990ms -', waits)
      }))
  })

  describe('gives up', () => {
    it('with the error of the last close', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('(x#)', {}, 'ECONNREFUSED')
        expectEvents(dial.pipe(reconnect([]))).toBe('(x#)', {}, 'ECONNREFUSED')
      }))

    it('with an error that says so, if the last close had none', () =>
      run(({ cold, expectEvents }) => {
        expectEvents(cold('o-(x|)').pipe(reconnect([]))).toBe('o-(x#)', {}, 'ERR_GAVE_UP')
      }))

    it('after so many attempts, or so long', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                                     --(x#)')
        const limited = (limits: object) => dial.pipe(reconnect(limit(constant(4), limits)))
        expectEvents(limited({ attempts: 2 })).toBe('            --(x1)--(x2)--(x#)', waits)
        expectEvents(limited({ elapsed: 15 })).toBe('            --(x1)--(x2)--(x#)', waits)
        expectEvents(limited({ elapsed: 16 }), '^----------------------!').toBe('--(x1)--(x2)--(x3)--(x#)', waits)
      }))
  })

  describe('with `now`', () => {
    it('ends a wait at once, and takes no notice at other times', () =>
      run(({ cold, hot, expectEvents }) => {
        const dial = cold('              -o-(x|)')
        const now = hot('             n-nn--n---------n', { n: { type: 'again' } })
        const stream = dial.pipe(reconnect([9, 9, 9], { now }))
        expectEvents(stream, '        ^-------------------------!').toBe('-o-(x1)o-(x2)----o-(x3)', waits)
      }))

    it('waits for it when the delays have run out, and starts afresh', () =>
      run(({ cold, hot, expectEvents }) => {
        const now = hot('         ------------------n')
        const stream = cold('(x#)').pipe(reconnect([4], { now }))
        const expected = '        (x1)(xw)----------(x1)(xw)'
        expectEvents(stream).toBe(expected, { 1: waits[1], w: { type: 'retry', attempt: 2, delay: Infinity } })
      }))

    it('gives up when that has completed', () =>
      run(({ cold, hot, expectEvents }) => {
        const dial = cold('             (x#)')
        expectEvents(dial.pipe(reconnect([4], { now: hot('-------------|') }))).toBe('(x1)(x2)-----#', waits)
        expectEvents(dial.pipe(reconnect([4], { now: hot('--|           ') }))).toBe('(x1)(x2#)', waits)
        expectEvents(dial.pipe(reconnect([4], { now: EMPTY }))).toBe('                (x1)(x2#)', waits)
      }))

    it('lets the one who is told of the wait end it', () =>
      run(({ cold, expectEvents }) => {
        const now = new Subject<string>()
        const eager = cold('----o-(x|)').pipe(
          reconnect(constant(20), { now }),
          tap(event => {
            if (event.type === 'retry') now.next('now')
          }),
        )
        expectEvents(eager, '        ^----------------!').toBe('----o-(x1)o-(x2)o', waits)
      }))

    it('may be what emits at once', () =>
      run(({ cold, expectEvents }) => {
        const now = new BehaviorSubject('now')
        const stream = cold('----(x#)').pipe(reconnect(constant(9), { now }), take(4))
        expectEvents(stream).toBe('----(x1)(x2|)', waits)
      }))

    it('listens to it only for as long as a wait lasts', () =>
      run(({ cold, plain, expectEvents, expectSubscriptions }) => {
        const now = plain.cold('---')
        const dial = cold('           -o-(x|)')
        const stream = dial.pipe(reconnect([6], { now }))
        expectEvents(stream, '        ^----------!').toBe('-o-(x1)---o', waits)
        expectSubscriptions(now.subscriptions).toBe('---^-----!')
      }))

    it('errors with it', () =>
      run(({ cold, expectEvents }) => {
        const now = cold('----#', {}, 'ECONNRESET')
        expectEvents(cold('(x#)').pipe(reconnect([9], { now }))).toBe('(x1)#', waits, 'ERR_HANDLER')
      }))
  })

  describe('classifies', () => {
    const code = (code: string) => Object.assign(new Error(code), { code })

    const outcome = (error: Error | undefined, close: object, options?: ReconnectOptions<AnyEvent>): string => {
      const connection = recordingConnection()
      const closed = { type: 'close', connection, reason: 'error', bytesUnsent: 0, error, ...close } as AnyEvent
      const seen: string[] = []
      concat(of(closed), error === undefined ? EMPTY : throwError(() => error))
        .pipe(reconnect([1_000], options), take(2))
        .subscribe({
          next: event => seen.push(event.type === 'retry' ? `${event.delay}` : event.type),
          error: (thrown: unknown) => seen.push(thrown === error ? 'error' : String(thrown)),
          complete: () => seen.push('complete'),
        })
      return seen.join(' ')
    }
    const again = 'close 1000 complete'
    const slowly = (random: number) => `close ${30_000 * (1 - random / 2)} complete`

    for (const [error, expected] of [
      ['ECONNREFUSED', again],
      ['ECONNRESET', again],
      ['ERR_CONNECT_TIMEOUT', again],
      ['ERR_HEARTBEAT_TIMEOUT', again],
      ['ERR_FRAME_TRUNCATED', again],
      ['ERR_HANDLER', again],
      ['ERR_FRAME_TOO_LONG', slowly(0)],
      ['ERR_FRAME_MALFORMED', slowly(0)],
      ['ERR_SSL_WRONG_VERSION_NUMBER', slowly(0)],
      ['CERT_HAS_EXPIRED', 'close error'],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'close error'],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'close error'],
      ['ERR_OPTIONS', 'close error'],
      ['ERR_INVALID_ARG_TYPE', 'close error'],
    ] as const) {
      it(`${error}: ${expected === again ? 'again' : expected === 'close error' ? 'not again' : 'slowly'}`, () => {
        expect(outcome(code(error), {}, { random: () => 0 })).to.equal(expected)
      })
    }

    it('by what caused the error too', () => {
      const cause = code('CERT_HAS_EXPIRED')
      expect(outcome(new Error('upgrade failed', { cause }), {})).to.equal('close error')
      const circular = new Error('itself')
      circular.cause = circular
      expect(outcome(circular, {})).to.equal(again)
    })

    const words = { retry: again, slow: slowly(0), stop: 'close complete' }

    for (const [code, verdict] of [
      [1000, 'retry'],
      [1001, 'retry'],
      [1002, 'stop'],
      [1003, 'stop'],
      [1004, 'retry'],
      [1005, 'retry'],
      [1006, 'retry'],
      [1007, 'stop'],
      [1008, 'stop'],
      [1009, 'slow'],
      [1010, 'stop'],
      [1011, 'retry'],
      [1012, 'retry'],
      [1013, 'slow'],
      [1014, 'retry'],
      [1015, 'slow'],
      [4000, 'retry'],
      [4401, 'stop'],
      [4403, 'stop'],
    ] as const) {
      it(`a WebSocket’s close with ${code}: ${verdict}`, () => {
        expect(outcome(undefined, { reason: 'remote', code }, { random: () => 0 })).to.equal(words[verdict])
      })
    }

    for (const [status, expected] of [
      [200, again],
      [401, 'close error'],
      [403, 'close error'],
      [404, 'close error'],
      [410, 'close error'],
      [426, 'close error'],
      [429, slowly(0)],
      [500, again],
      [502, again],
      [503, slowly(0)],
    ] as const) {
      it(`a WebSocket that is refused with ${status}: ${expected === again ? 'again' : expected === 'close error' ? 'not again' : 'slowly'}`, () => {
        const refused = Object.assign(code('ERR_HANDSHAKE_REFUSED'), { status, headers: {} })
        expect(outcome(refused, { code: 1006 }, { random: () => 0 })).to.equal(expected)
      })
    }

    it('the status of nothing but a refusal', () => {
      expect(outcome(Object.assign(code('ECONNRESET'), { status: 401 }), {})).to.equal(again)
    })

    describe('a refusal that says when to come back', () => {
      const asked = (after: unknown, options?: ReconnectOptions<AnyEvent>) => {
        const headers = { 'retry-after': after }
        return outcome(Object.assign(code('ERR_HANDSHAKE_REFUSED'), { status: 503, headers }), {}, options)
      }

      it('so many seconds later, and the policy’s delay after that, which spreads those who were told the same', () => {
        expect(asked('7')).to.equal('close 8000 complete')
        expect(asked('0')).to.equal('close 1000 complete')
      })

      it('at a time', () =>
        run(() => {
          expect(asked('Thu, 01 Jan 1970 00:00:07 GMT')).to.equal('close 8000 complete')
          expect(asked('Thu, 01 Jan 1969 00:00:07 GMT')).to.equal('close 1000 complete')
        }))

      it('after five minutes at most', () => {
        expect(asked('3600')).to.equal('close 301000 complete')
      })

      it('in no words that are understood: as if it had said nothing', () => {
        for (const after of ['soon', '-1x', '', ['7'], undefined])
          expect(asked(after, { random: () => 0 })).to.equal(slowly(0))
      })

      it('unless there is a hint', () => {
        expect(asked('7', { hint: () => 5 })).to.equal('close 5 complete')
      })
    })

    it('what fails without a code: again, since that is how `fetch` says that the network is down', () => {
      expect(outcome(new TypeError('fetch failed'), {})).to.equal(again)
    })

    it('spreads what is slow, and never shortens the policy', () => {
      expect(outcome(code('ERR_FRAME_TOO_LONG'), {}, { random: () => 0.5 })).to.equal(slowly(0.5))
      expect(outcome(code('ERR_FRAME_TOO_LONG'), {}, { slow: 10 })).to.equal(again)
    })

    it('as the user says, if he says anything', () => {
      const wrong = code('CERT_HAS_EXPIRED')
      expect(outcome(wrong, {}, { classify: () => 'retry' })).to.equal(again)
      expect(outcome(wrong, {}, { classify: () => 'slow', random: () => 0 })).to.equal(slowly(0))
      expect(outcome(wrong, {}, { classify: () => undefined })).to.equal('close error')
      expect(outcome(code('ECONNRESET'), {}, { classify: () => 'stop' })).to.equal('close error')
      expect(outcome(undefined, { reason: 'remote' }, { classify: () => 'stop' })).to.equal('close complete')
      expect(outcome(undefined, { reason: 'local' }, { classify: () => 'retry' })).to.equal(again)
    })

    it('and shows the user the error and the close', () => {
      const error = code('EPIPE')
      outcome(
        error,
        { bytesUnsent: 7 },
        {
          classify: (thrown, close) => {
            expect(thrown).to.equal(error)
            expect(close?.bytesUnsent).to.equal(7)
            return 'stop'
          },
        },
      )
    })
  })

  describe('with a hint of the peer', () => {
    const hint: ReconnectOptions<AnyEvent>['hint'] = event =>
      event.type === 'packet' && typeof event.packet === 'number' ? event.packet : undefined

    it('comes back when the peer wants it to, this once', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('                          op(x|)', { p: 6 })
        const stream = dial.pipe(reconnect([4, 5, 50], { hint, stableAfter: 2 }))
        expectEvents(stream, '^---------------------!').toBe('op(x1)--op(x1)--op(x1)', { p: 6, ...waits })
      }))

    it('may be hinted at by the close as well', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('o(x|)').pipe(reconnect([4, 50], { hint: () => 6 }))
        expectEvents(stream, '^-------!').toBe('o(x1)--o', waits)
      }))

    it('goes by the last hint', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('opq(x|)', { p: 6, q: 7 }).pipe(reconnect([4], { hint }))
        expectEvents(stream, '^----------!').toBe('opq(x1)---o', { p: 6, q: 7, ...waits })
      }))

    it('forgets the hint of a connection that was lost', () =>
      run(({ cold, expectEvents }) => {
        const dials = [cold('op(x|)', { p: 6 }), cold('o-(x|)')].values()
        const stream = defer(() => dials.next().value ?? NEVER).pipe(reconnect([4, 4], { hint }))
        const second = { type: 'retry', attempt: 2, delay: 4 }
        expectEvents(stream).toBe('op(x1)--o-(xr)', { p: 6, 1: waits[1], r: second })
      }))

    it('lets no peer shorten any but the first delay of an outage', () =>
      run(({ cold, expectEvents }) => {
        const stream = cold('----op(x|)', { p: 0 }).pipe(reconnect([9, 6, 50], { hint }))
        expectEvents(stream, '^------------------------!').toBe('----op(x1)op(x2)------op(x3)', { p: 0, ...waits })
      }))

    it('lets no peer that breaks the format come back sooner by it', () =>
      run(({ cold, expectEvents }) => {
        const dial = cold('----op(x#)', { p: 0 }, 'ERR_FRAME_MALFORMED')
        const stream = dial.pipe(reconnect([9, 6], { hint, slow: 40, random: () => 0 }))
        expectEvents(stream, '^ 56ms !').toBe('----op(x1)op(x2) 40ms o', { p: 0, ...waits })
      }))

    for (const [hinted, delay] of [
      [600_000, 300_000],
      [Infinity, 300_000],
      [0, 0],
      [-1, 4],
      [NaN, 4],
      ['7', 4],
      [null, 4],
    ] as const) {
      it(`waits for ${delay} ms where it says ${typeof hinted} ${hinted}`, () =>
        run(({ cold, expectEvents }) => {
          const stream = cold('o(x|)').pipe(reconnect([4], { hint: () => hinted as number }), take(3))
          expectEvents(stream).toBe('o(xr|)', { r: { type: 'retry', delay } })
        }))
    }
  })

  describe('where user code fails, ends the stream and says which', () => {
    const fault = new Error('my fault')
    const failing = (): never => {
      throw fault
    }
    const policy = (next: () => IteratorResult<number>): BackoffPolicy => ({ [Symbol.iterator]: () => ({ next }) })

    for (const [what, policyOf, options] of [
      ['policy', policy(failing), {}],
      ['classify', [4], { classify: failing }],
      ['hint', [4], { hint: failing }],
      ['random', [4], { classify: () => 'slow' as const, random: failing }],
    ] as const) {
      it(`the ${what}`, () => {
        const errors: unknown[] = []
        of(close())
          .pipe(reconnect(policyOf, options))
          .subscribe({ error: (error: unknown) => errors.push(error) })
        expect(errors).to.have.length(1)
        expect(errors[0]).to.include({ code: 'ERR_HANDLER', cause: fault })
        expect(String(errors[0])).to.include(`the ${what} of reconnect threw: my fault`)
      })
    }

    for (const drawn of [NaN, -1, 1, 'half']) {
      it(`a random that draws ${typeof drawn} ${drawn}`, () => {
        const errors: unknown[] = []
        of(close())
          .pipe(reconnect([4], { classify: () => 'slow', random: () => drawn as number }))
          .subscribe({ error: (error: unknown) => errors.push(error) })
        expect(errors[0]).to.have.property('code', 'ERR_HANDLER')
      })
    }

    it('and closes the connection in which it failed', () =>
      run(({ cold, expectEvents, expectSubscriptions }) => {
        const dial = cold('-o-p-p-')
        expectEvents(dial.pipe(reconnect([4], { hint: failing }))).toBe('-o-#', {}, 'ERR_HANDLER')
        expectSubscriptions(dial.subscriptions).toBe('             ^--!')
      }))

    for (const value of [NaN, -1, Infinity, 2 ** 31, '4']) {
      it(`a policy that gives ${typeof value} ${value}`, () => {
        const errors: unknown[] = []
        const given = policy(() => ({ value: value as number }))
        of(close())
          .pipe(reconnect(given))
          .subscribe({ error: (error: unknown) => errors.push(error) })
        expect(errors[0]).to.include({ code: 'ERR_POLICY' })
      })
    }
  })

  describe('with a delay of 0', () => {
    it('dials in the moment of the close, without a timer', () => {
      const dials = [new Subject<AnyEvent>(), new Subject<AnyEvent>()]
      let dialled = 0
      const subscription = defer(() => dials[dialled++] ?? NEVER)
        .pipe(reconnect(constant(0)))
        .subscribe()
      dials[0]?.next(close())
      dials[0]?.complete()
      expect(dialled).to.equal(2)
      dials[1]?.error(new Error('refused'))
      expect(dialled).to.equal(3)
      subscription.unsubscribe()
    })

    it('lets go of the stack between attempts that fail as soon as they are made', () => {
      const refused = new Error('refused')
      let attempts = 0
      run(({ expectObservable }) => {
        const dial = defer(() => {
          attempts += 1
          return throwError(() => refused)
        })
        const stream = dial.pipe(reconnect(limit(constant(0), { attempts: 10_000 })), filterOut('retry'))
        expectObservable(stream).toBe('#', {}, refused)
      })
      expect(attempts).to.equal(10_001)
    })

    it('does not dial for one who has left when he heard of the wait', () => {
      let dialled = 0
      defer(() => {
        dialled += 1
        return of(close())
      })
        .pipe(reconnect(constant(0)), take(2))
        .subscribe()
      const source = new Subject<AnyEvent>()
      defer(() => {
        dialled += 1
        return source
      })
        .pipe(reconnect(constant(0)), take(2))
        .subscribe()
      source.next(close())
      source.complete()
      expect(dialled).to.equal(2)
    })

    it('can be unsubscribed from although every attempt fails at once', () => {
      let attempts = 0
      const refused = defer(() => {
        attempts += 1
        return throwError(() => new Error('refused'))
      })
      const subscription = refused.pipe(reconnect(constant(0))).subscribe()
      subscription.unsubscribe()
      expect(attempts).to.equal(1)
    })
  })

  describe('never confuses two sessions', () => {
    const life = ['open', 'packet', 'close', 'complete'] as const

    it('whatever the old socket still has to say, and whenever it does', () => {
      for (const order of interleavings(life.length, life.length)) {
        const sockets = [new Subject<AnyEvent>(), new Subject<AnyEvent>()] as const
        const connections = [recordingConnection(), recordingConnection()] as const
        const seen: string[] = []
        let dialled = 0
        const subscription = defer(() => sockets[dialled++] ?? NEVER)
          .pipe(reconnect(constant(0)))
          .subscribe(event => {
            if ('connection' in event)
              seen.push(`${connections.findIndex(({ id }) => id === event.connection.id)} ${event.type}`)
          })

        const steps = [life.values(), life.values()] as const
        const expected: string[] = []
        for (const which of order) {
          const { value: step = 'complete' } = steps[which].next()
          const heard = dialled === which + 1
          if (heard && step !== 'complete') expected.push(`${which} ${step}`)
          tell(sockets[which], connections[which], step)
        }
        expect(seen, order.join('')).to.deep.equal(expected)
        subscription.unsubscribe()
      }
    })

    const tell = (socket: Subject<AnyEvent>, connection: RecordingConnection, step: (typeof life)[number]): void => {
      if (step === 'complete') socket.complete()
      else if (step === 'open') socket.next({ type: step, connection, session: 1 })
      else if (step === 'packet') socket.next({ type: step, connection, packet: 'p' })
      else socket.next({ type: step, connection, reason: 'remote', bytesUnsent: 0 })
    }
  })

  it('passes what it does not understand', () =>
    run(({ cold, expectEvents }) => {
      const beat = { type: 'heartbeat', roundTrip: 3 }
      expectEvents(cold('-ohd(ex|)', { h: beat, x: local }).pipe(reconnect([4]))).toBe('-ohd(ex|)', {
        h: beat,
        x: local,
      })
    }))

  it('leaves no timer and no connection, whenever it is unsubscribed from', () => {
    leavesNothing(40, ({ cold }) => cold('-o-p-(x#)').pipe(reconnect(constant(9))))
    leavesNothing(40, ({ cold }) => cold('-o-p-(x|)').pipe(reconnect([0, 3, 0], { now: cold('--n-n') })))
    leavesNothing(9, () => throwError(() => new Error('refused')).pipe(reconnect([0, 0, 2])))
  })

  it('refuses what is no policy, and what is one only once', () => {
    const generator = function* (): Generator<number> {
      yield 4
    }
    for (const policy of [generator(), [4].values(), undefined, null, 4, '4', {}, [4, -1], [4, NaN]]) {
      expect(() => reconnect(policy as BackoffPolicy))
        .to.throw()
        .with.property('code', 'ERR_POLICY')
    }
    expect(() => reconnect(generator())).to.throw('only once')
    reconnect({ [Symbol.iterator]: generator })
    reconnect(new Set([4, 5]))
  })

  it('names what is wrong with its policy and with its options at once', () => {
    expect(() => reconnect(5 as never, { stableAfter: -1, slow: NaN }))
      .to.throw(/a policy is an iterable .*stableAfter must be .*slow must be /)
      .with.property('code', 'ERR_POLICY')
  })

  it('names all that is wrong with its options', () => {
    const wrong = { stableAfter: -1, classify: 'stop', hint: 5, now: true, slow: NaN, random: 1, jitter: 'full' }
    const refused = expect(() => reconnect([4], wrong as object)).to.throw()
    refused.with.property('code', 'ERR_OPTIONS')
    refused.with.property('message').that.includes(Object.keys(wrong)[0])
    for (const name of Object.keys(wrong)) expect(() => reconnect([4], wrong as object)).to.throw(name)
  })
})

/** All orders in which two sequences may be merged, each as a list of whose turn it is. */
function interleavings(first: number, second: number): (0 | 1)[][] {
  if (first === 0) return [Array<0 | 1>(second).fill(1)]
  if (second === 0) return [Array<0 | 1>(first).fill(0)]
  return [
    ...interleavings(first - 1, second).map((rest): (0 | 1)[] => [0, ...rest]),
    ...interleavings(first, second - 1).map((rest): (0 | 1)[] => [1, ...rest]),
  ]
}

function filterOut(type: string): MonoTypeOperatorFunction<AnyEvent> {
  return filter(event => event.type !== type)
}

function close(): AnyEvent {
  return { type: 'close', connection: recordingConnection(), reason: 'remote', bytesUnsent: 0 }
}
