import { expect } from 'chai'
import { Ask } from '#src/request/ask.js'
import { Timeouts } from '#src/request/timeouts.js'
import { growth } from '../support/growth.js'

describe('The deadlines of requests', function () {
  this.timeout(30_000)

  it('leave nothing behind, though each were another', () => {
    const nothing = (): void => undefined
    const timeouts = new Timeouts(5_000, nothing)
    let timeout = 10_000
    const cycle = (): void => {
      const ask = new Ask({ cancel: nothing }, '', { next: nothing, error: nothing, complete: nothing }, timeout, {})
      timeout += 1
      timeouts.add(ask)
      timeouts.delete(ask)
    }
    expect(growth(cycle)).to.be.below(20)
    timeouts.stop()
  })
})
