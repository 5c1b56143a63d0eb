import { expect } from 'chai'
import { BehaviorSubject, defer, EMPTY, NEVER, tap, throwError } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { supervised, type Plan } from 'sluice/pool'
import { memory } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { leavesNothing, run } from '../support/run.js'

const after = (restartAfter: number) => ({ restartAfter })

describe('supervised', () => {
  it('starts again at once what has lived, and tells so', () =>
    run(({ cold, expectEvents }) => {
      const source = cold('c----o 94ms (x|)')
      const stream = source.pipe(supervised(['restart', 'stop']))
      expectEvents(stream).toBe('c----o 94ms (xrc)o 94ms (x#)', {}, 'ERR_GAVE_UP')
    }))

  it('starts again what ended at once, but not sooner than 100 ms after it was started', () =>
    run(({ cold, expectEvents }) => {
      const source = cold('c-(x#)')
      expectEvents(source.pipe(supervised(['restart', 'delete']))).toBe('c-(xr) 94ms c-(x|)')
    }))

  it('starts again after so many milliseconds', () =>
    run(({ cold, expectEvents }) => {
      const source = cold('o-(x|)')
      expectEvents(source.pipe(supervised([after(200), 'delete']))).toBe('o-(xr) 196ms o-(x|)')
    }))

  it('counts sessions through', () => {
    const told: number[] = []
    diary(({ watch }) => {
      const net = memory()
      net.listen({ port: 1 }).subscribe()
      watch(net.connect({ port: 1 }).pipe(supervised(['restart'], { rounds: 2 })), 1_000, event => {
        if (event.type !== 'open') return
        told.push(event.session)
        event.connection.close()
      })
    })
    expect(told).to.deep.equal([1, 2, 3])
  })

  it('counts every end, that of a close of our own too', () =>
    run(({ cold, expectEvents }) => {
      const local = { l: { type: 'close', reason: 'local' } }
      expectEvents(cold('o-l|', local).pipe(supervised([after(100), 'delete']))).toBe('o-lr 99ms o-l|', local)
    }))

  it('waits until it is asked to go on', () =>
    run(({ cold, plain, expectEvents }) => {
      const source = cold('o-(x#)')
      const now = plain.hot('200ms n')
      expectEvents(source.pipe(supervised(['wait', 'delete'], { now }))).toBe('o-(xw) 194ms o-(x|)', {
        w: { type: 'retry', delay: Infinity },
      })
      expectEvents(source.pipe(supervised(['wait'])), '^ 500ms !').toBe('o-(xw)', {
        w: { type: 'retry', delay: Infinity },
      })
    }))

  it('ends a wait early', () =>
    run(({ cold, plain, expectEvents }) => {
      const source = cold('o-(x#)')
      const now = plain.hot('150ms n')
      expectEvents(source.pipe(supervised([after(1_000), 'delete'], { now }))).toBe('o-(xr) 144ms o-(x|)')
    }))

  it('completes where the plan says delete, and errors where it says stop', () =>
    run(({ cold, expectEvents }) => {
      const failing = cold('o-(x#)', {}, 'ECONNRESET')
      expectEvents(failing.pipe(supervised(['delete']))).toBe('o-(x|)', {}, 'ECONNRESET')
      expectEvents(failing.pipe(supervised(['stop']))).toBe('o-(x#)', {}, 'ECONNRESET')
      const reason = new Error('enough')
      expectEvents(failing.pipe(supervised([{ stop: reason }]))).toBe(
        'o-(x#)',
        { x: { type: 'close', error: 'ECONNRESET' } },
        reason,
      )
    }))

  it('gives up when all rounds are over', () =>
    run(({ cold, expectEvents }) => {
      const source = cold('(ox|)')
      expectEvents(source.pipe(supervised(['restart'], { rounds: 2 }))).toBe(
        '(oxr) 95ms (oxr) 95ms (ox#)',
        {},
        'ERR_GAVE_UP',
      )
      expectEvents(source.pipe(supervised(['restart'], { rounds: 0 }))).toBe('(ox#)', {}, 'ERR_GAVE_UP')
      expectEvents(source.pipe(supervised([]))).toBe('(ox#)', {}, 'ERR_GAVE_UP')
    }))

  it('tells the plan the last close, or the error of what has none', () =>
    run(({ cold }) => {
      const causes: unknown[] = []
      const plan: Plan = [
        cause => {
          causes.push(cause)
          return 'delete'
        },
      ]
      const bad = new Error('no credentials')
      throwError(() => bad)
        .pipe(supervised(plan))
        .subscribe()
      EMPTY.pipe(supervised(plan)).subscribe()
      expect(causes).to.deep.equal([bad, undefined])
      cold('o-(x#)', {}, 'EPIPE')
        .pipe(
          supervised([
            cause => {
              expect(cause).to.include({ type: 'close', reason: 'error' })
              return 'delete'
            },
          ]),
        )
        .subscribe()
    }))

  it('binds a server again, whose peers close without a cause', () => {
    const causes: unknown[] = []
    const told = diary(({ at, watch, write }) => {
      const net = memory()
      const plan: Plan = [cause => (causes.push(cause), 'restart')]
      watch(net.listen({ port: 1 }).pipe(supervised(plan)), 1_000, event => {
        write(event.type)
        if (event.type === 'listening' && causes.length === 0) at(500, () => event.listener.close())
      })
      at(10, () => {
        net.connect({ port: 1 }).subscribe(event => {
          if (event.type === 'open') event.connection.close()
        })
      })
    })
    expect(told).to.deep.equal(['0 listening', '10 open', '10 end', '10 close', '500 retry', '500 listening'])
    expect(causes).to.deep.equal([undefined])
  })

  it('tells the close of a connection that went in silence with an operator', () =>
    run(({ cold, expectEvents }) => {
      const bad = new Error('a bug')
      const broken = cold('o-a').pipe(
        tap(event => {
          if (event.type === 'packet') throw bad
        }),
      )
      expectEvents(broken.pipe(supervised(['stop']))).toBe('o-(x#)', { x: { type: 'close', reason: 'error' } }, bad)
    }))

  it('is no busy loop, whatever fails at once', () => {
    for (const now of [NEVER, new BehaviorSubject(0)]) {
      let starts = 0
      const failing = defer(() => {
        starts += 1
        return throwError(() => new Error('refused'))
      })
      diary(({ watch }) => {
        watch(
          failing.pipe(supervised(['restart', after(0), 'restart'], { rounds: Infinity, now })),
          10_000,
          () => undefined,
        )
      })
      expect(starts).to.be.within(99, 101)
    }
  })

  it('has a count for each subscription', () =>
    run(({ cold, expectEvents }) => {
      const stream = cold('(ox|)').pipe(supervised(['restart', 'delete']))
      expectEvents(stream).toBe('(oxr) 95ms (ox|)')
      expectEvents(stream).toBe('(oxr) 95ms (ox|)')
    }))

  it('leaves nothing when nobody is subscribed any more', () => {
    leavesNothing(130, ({ cold }) => cold('c-o-(x#)').pipe(supervised(['restart', after(5), 'wait'])))
  })

  it('ends the stream with what is wrong in a plan', () =>
    run(({ cold, expectEvents }) => {
      const source = cold('(ox|)')
      const bug = (): never => {
        throw new Error('a bug')
      }
      expectEvents(source.pipe(supervised([bug]))).toBe('(ox#)', {}, 'ERR_PLAN')
      expectEvents(source.pipe(supervised([() => 'again' as 'restart']))).toBe('(ox#)', {}, 'ERR_PLAN')
    }))

  it('refuses what is no plan', () => {
    const generator = (function* (): Generator<'restart'> {
      yield 'restart'
    })()
    for (const wrong of [7, {}, ['again'], [after(-1)], generator])
      expect(() => supervised<ConnectionEvent>(wrong as Plan))
        .to.throw()
        .with.property('code', 'ERR_PLAN')
    expect(() => supervised(['restart'], { rounds: -1 }))
      .to.throw()
      .with.property('code', 'ERR_OPTIONS')
  })
})
