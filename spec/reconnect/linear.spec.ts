import { expect } from 'chai'
import fc from 'fast-check'
import { linear, seeded } from 'sluice'
import { draw } from '../support/draw.js'

describe('linear', () => {
  it('grows by its step, up to the cap', () => {
    const jitter = 'none'
    expect(draw(4, linear({ jitter }))).to.deep.equal([200, 400, 600, 800])
    expect(draw(5, linear({ base: 100, step: 50, cap: 220, jitter }))).to.deep.equal([100, 150, 200, 220, 220])
    expect(draw(200, linear({ jitter })).at(-1)).to.equal(30_000)
  })

  it('is spread over all that lies between the floor and the delay, unless told otherwise', () => {
    const delays = fc.record({
      base: fc.nat(10_000),
      step: fc.nat(10_000),
      cap: fc.integer({ min: 100, max: 60_000 }),
      floor: fc.nat(100),
    })
    fc.assert(
      fc.property(delays, fc.nat(), (options, seed) => {
        draw(20, linear({ ...options, random: seeded(seed) })).forEach((delay, index) => {
          const { base, step, cap, floor } = options
          expect(delay).to.be.within(floor, Math.max(floor, Math.min(cap, base + index * step)))
        })
      }),
    )
  })

  it('starts afresh each time it is iterated', () => {
    const policy = linear({ jitter: 'none' })
    expect(draw(3, policy)).to.deep.equal(draw(3, policy))
  })

  it('names all that is wrong with its options', () => {
    const wrong = { base: -1, step: '1', cap: NaN, floor: Infinity, jitter: 'some', random: 1, factor: 2 }
    for (const name of Object.keys(wrong)) expect(() => linear(wrong as object)).to.throw(name)
  })
})
