import { expect } from 'chai'
import { Ask } from '#src/request/ask.js'
import { Timeouts } from '#src/request/timeouts.js'
import { diary } from '../support/diary.js'
import { growth } from '../support/growth.js'
import { resetClock, setClock } from '../support/set-clock.js'

const nothing = (): void => undefined

function asked(timeout: number): Ask {
  return new Ask({ cancel: nothing }, '', { next: nothing, error: nothing, complete: nothing }, timeout, {})
}

describe('The deadlines of requests', function () {
  this.timeout(30_000)
  afterEach(resetClock)

  it('are late by no more than another wait where the clock is set back, and those behind them too', () => {
    const told = diary(({ at, write }) => {
      const names = new Map<Ask, string>()
      const timeouts = new Timeouts(10, ask => {
        write(names.get(ask) ?? '')
        timeouts.delete(ask)
      })
      const add = (name: string): void => {
        const ask = asked(10)
        names.set(ask, name)
        timeouts.add(ask)
      }
      add('a')
      at(5, () => {
        setClock(-60 * 60 * 1_000)
      })
      at(6, () => {
        add('b')
      })
      at(40, () => {
        add('c')
      })
    })
    expect(told).to.deep.equal(['16 a', '16 b', '50 c'])
  })

  it('leave nothing behind, though each were another', () => {
    const timeouts = new Timeouts(5_000, nothing)
    let timeout = 10_000
    const cycle = (): void => {
      const ask = asked(timeout)
      timeout += 1
      timeouts.add(ask)
      timeouts.delete(ask)
    }
    expect(growth(cycle)).to.be.below(20)
    timeouts.stop()
  })
})
