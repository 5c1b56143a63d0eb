import { expect } from 'chai'
import { timer } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { now } from '#src/connection/clock.js'
import { Sweep } from '#src/connection/sweep.js'

describe('Sweep', () => {
  interface Counter {
    readonly name: string
    count: number | undefined
  }

  const counter = (name: string, count: number | undefined = 0): Counter => ({ name, count })

  const at = (ms: number, task: () => void): void => {
    timer(ms).subscribe(task)
  }

  /** Who was found to stand still, and when. */
  function found(timeout: number, test: (sweep: Sweep<Counter>, scheduler: TestScheduler) => void): string[] {
    const still: string[] = []
    const scheduler = new TestScheduler(() => undefined)
    scheduler.run(({ flush }) => {
      const sweep = new Sweep<Counter>(
        timeout,
        ({ count }) => count,
        ({ name }) => still.push(`${name} ${now()}`),
      )
      test(sweep, scheduler)
      flush()
      expect(scheduler.actions, 'what is left scheduled').to.deep.equal([])
    })
    return still
  }

  it('finds in time who is silent from the start, and looks no more', () => {
    expect(
      found(40, sweep => {
        sweep.add(counter('a'))
      }),
    ).to.deep.equal(['a 40'])
  })

  it('finds who has fallen silent, at most a quarter of the time later', () => {
    const times = Array.from({ length: 40 }, (_, ms) => {
      const [text = ''] = found(40, sweep => {
        const a = counter('a')
        sweep.add(a)
        at(ms, () => (a.count = 1))
      })
      return Number(text.slice(2)) - ms
    })
    expect(Math.min(...times)).to.be.at.least(40)
    expect(Math.max(...times)).to.be.at.most(50)
  })

  it('never finds who goes on', () => {
    const still = found(40, sweep => {
      const a = counter('a')
      sweep.add(a)
      for (let ms = 0; ms < 400; ms += 30) at(ms, () => (a.count = ms + 1))
    })
    expect(still).to.deep.equal(['a 440'])
  })

  it('does not count what had passed of a span when one is added', () => {
    const still = found(40, sweep => {
      sweep.add(counter('a'))
      at(9, () => {
        sweep.add(counter('b'))
      })
    })
    expect(still).to.deep.equal(['a 40', 'b 50'])
  })

  it('looks with one timer, however many there are', () => {
    found(40, (sweep, scheduler) => {
      const all = Array.from({ length: 100 }, (_, index) => counter(String(index)))
      for (const each of all) sweep.add(each)
      expect(scheduler.actions).to.have.length(1)
      for (const each of all) sweep.delete(each)
      expect(scheduler.actions).to.have.length(0)
    })
  })

  it('forgets who need not be watched any more, and who is deleted', () => {
    const still = found(40, sweep => {
      const [a, b, c] = [counter('a'), counter('b'), counter('c')]
      for (const each of [a, b, c]) sweep.add(each)
      at(15, () => (a.count = undefined))
      at(15, () => {
        sweep.delete(b)
      })
      sweep.delete(counter('nobody'))
    })
    expect(still).to.deep.equal(['c 50'])
  })

  it('watches once who is added twice, and anew who is added again', () => {
    const still = found(40, sweep => {
      const a = counter('a')
      sweep.add(a)
      at(25, () => {
        sweep.add(a)
      })
      at(60, () => {
        sweep.add(a)
      })
    })
    expect(still).to.deep.equal(['a 40', 'a 100'])
  })

  it('watches who is added when another is found', () => {
    const scheduler = new TestScheduler(() => undefined)
    const still: string[] = []
    scheduler.run(({ flush }) => {
      const sweep: Sweep<Counter> = new Sweep(
        40,
        ({ count }) => count,
        ({ name }) => {
          still.push(`${name} ${now()}`)
          if (name === 'a') sweep.add(counter('b'))
        },
      )
      sweep.add(counter('a'))
      flush()
    })
    expect(still).to.deep.equal(['a 40', 'b 80'])
  })

  it('watches nobody without a limit, and nobody after it was cleared', () => {
    found(Infinity, (sweep, scheduler) => {
      sweep.add(counter('a'))
      expect(scheduler.actions).to.have.length(0)
    })
    expect(
      found(40, sweep => {
        sweep.add(counter('a'))
        sweep.clear()
      }),
    ).to.deep.equal([])
  })
})
