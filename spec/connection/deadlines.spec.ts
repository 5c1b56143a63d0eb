import { expect } from 'chai'
import { timer } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { now } from '#src/connection/clock.js'
import { Deadlines } from '#src/connection/deadlines.js'
import { diary } from '../support/diary.js'
import { resetClock, setClock } from '../support/set-clock.js'

describe('Deadlines', () => {
  afterEach(resetClock)

  const virtually = (test: (expired: string[]) => void): string[] => {
    const expired: string[] = []
    new TestScheduler(() => undefined).run(({ flush }) => {
      test(expired)
      flush()
    })
    return expired
  }

  const at = (ms: number, task: () => void): void => void timer(ms).subscribe(task)

  it('expire exactly, each in its turn', () => {
    const seen = virtually(expired => {
      const deadlines = new Deadlines<string>(10, item => expired.push(`${item} ${now()}`))
      deadlines.add('a')
      at(3, () => {
        deadlines.add('b')
      })
    })
    expect(seen).to.deep.equal(['a 10', 'b 13'])
  })

  it('expire in time where an expired one is added anew, or another emptied them in between', () => {
    const seen = virtually(expired => {
      const deadlines = new Deadlines<string>(10, item => {
        expired.push(`${item} ${now()}`)
        if (now() < 15) deadlines.add(item)
      })
      deadlines.add('a')
      at(3, () => {
        deadlines.add('b')
      })
    })
    expect(seen).to.deep.equal(['a 10', 'b 13', 'a 20', 'b 23'])
  })

  it('are late by no more than another wait where the clock is set back, and those behind them too', () => {
    const seen = diary(({ at, write }) => {
      const deadlines = new Deadlines<string>(10, write)
      deadlines.add('a')
      at(3, () => {
        deadlines.add('b')
      })
      at(5, () => {
        setClock(-60 * 60 * 1_000)
      })
      at(6, () => {
        deadlines.add('c')
      })
      at(40, () => {
        deadlines.add('d')
      })
    })
    expect(seen).to.deep.equal(['13 a', '16 b', '16 c', '50 d'])
  })

  it('leave no timer once all are deleted or cleared', () => {
    const scheduler = new TestScheduler(() => undefined)
    scheduler.run(() => {
      const deadlines = new Deadlines<string>(10, () => expect.fail('nothing expires'))
      deadlines.add('a')
      deadlines.delete('a')
      deadlines.add('b')
      deadlines.add('c')
      deadlines.clear()
    })
    expect(scheduler.actions).to.deep.equal([])
  })
})
