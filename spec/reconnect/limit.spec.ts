import { expect } from 'chai'
import fc from 'fast-check'
import { TestScheduler } from 'rxjs/testing'
import { constant, limit, linear } from 'sluice'
import { sameDiagram } from 'sluice/testing'
import { draw } from '../support/draw.js'

describe('limit', () => {
  it('gives no more delays than so many, and no other', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), fc.integer({ min: 1, max: 20 }), (delays, attempts) => {
        expect([...limit(delays, { attempts })]).to.deep.equal(delays.slice(0, attempts))
      }),
    )
  })

  it('draws none that it does not give', () => {
    let drawn = 0
    const policy = linear({ random: () => (drawn += 1) / 100 })
    expect([...limit(policy, { attempts: 3 })]).to.have.length(3)
    expect(drawn).to.equal(3)
  })

  it('gives no delay that would end too long after the first was asked for', () => {
    const scheduler = new TestScheduler(sameDiagram)
    const given: number[] = []
    scheduler.run(({ flush }) => {
      const delays: Iterator<number, unknown> = limit([10, 20, 30, 40], { elapsed: 75 })[Symbol.iterator]()
      const next = () => {
        const delay = delays.next()
        if (delay.done !== true) given.push(delay.value)
      }
      // Asked for at 5, 20 and 50: the third would end at 80, which is the last, and the fourth at 125.
      for (const frame of [5, 20, 50, 85]) scheduler.schedule(next, frame)
      flush()
    })
    expect(given).to.deep.equal([10, 20, 30])
  })

  it('gives up at the first of its limits, and starts afresh each time it is iterated', () => {
    const policy = limit(constant(10), { attempts: 3, elapsed: 25 })
    expect([...policy]).to.deep.equal([10, 10, 10])
    expect([...policy]).to.deep.equal([10, 10, 10])
    expect([...limit(constant(30), { attempts: 3, elapsed: 25 })]).to.deep.equal([])
  })

  it('limits what is limited', () => {
    expect(draw(9, limit(limit(constant(1), { attempts: 5 }), { attempts: 3 }))).to.have.length(3)
    expect(draw(9, limit(limit(constant(1), { attempts: 3 }), { attempts: 5 }))).to.have.length(3)
  })

  it('names what is wrong with its policy and with its limits at once', () => {
    expect(() => limit(5 as never, { attempts: -1, elapsed: 0 }))
      .to.throw(/a policy is an iterable .*attempts must be .*elapsed must be /)
      .with.property('code', 'ERR_POLICY')
  })

  it('refuses what is no policy or no limit', () => {
    expect(() => limit([4].values(), { attempts: 1 }))
      .to.throw('only once')
      .with.property('code', 'ERR_POLICY')
    for (const wrong of [{ attempts: 0 }, { attempts: 1.5 }, { elapsed: 0 }, { elapsed: NaN }, { times: 3 }]) {
      expect(() => limit([4], wrong))
        .to.throw()
        .with.property('code', 'ERR_OPTIONS')
    }
  })
})
