import { expect } from 'chai'
import fc from 'fast-check'
import { exponential, seeded, type Jitter } from 'sluice'
import { draw, farFromUniform } from '../support/draw.js'

describe('exponential', () => {
  it('doubles, up to the cap', () => {
    const jitter = 'none'
    const defaults = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]
    expect(draw(10, exponential({ jitter }))).to.deep.equal(defaults)
    expect(draw(4, exponential({ base: 10, factor: 3, cap: 100, floor: 0, jitter }))).to.deep.equal([10, 30, 90, 100])
    expect(draw(5_000, exponential({ jitter })).at(-1)).to.equal(30_000)
  })

  it('stays within the bounds of its jitter, for any options and any seed', () => {
    const options = fc.record({
      base: fc.nat(10_000),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      cap: fc.integer({ min: 100, max: 60_000 }),
      floor: fc.nat(100),
      jitter: fc.constantFrom<Jitter>('full', 'equal', 'none'),
    })
    fc.assert(
      fc.property(options, fc.nat(), (given, seed) => {
        const { base, factor, cap, floor, jitter } = given
        draw(20, exponential({ ...given, random: seeded(seed) })).forEach((delay, index) => {
          const longest = Math.max(floor, Math.min(cap, base * factor ** index))
          const shortest = jitter === 'full' ? floor : jitter === 'equal' ? longest / 2 : longest
          expect(delay).to.be.within(Math.floor(shortest), Math.ceil(longest * (1 + 1e-9)))
          expect(delay).to.equal(Math.round(delay))
        })
      }),
    )
  })

  for (const [jitter, low, high] of [
    ['full', 20, 6_400],
    ['equal', 3_200, 6_400],
  ] as const) {
    it(`spreads evenly with ${jitter} jitter`, () => {
      const random = seeded(1)
      const sixth = Array.from({ length: 10_000 }, () => draw(6, exponential({ jitter, random })).at(-1) ?? 0)
      expect(farFromUniform(sixth, low, high)).to.be.lessThan(1.63 / 100)
      expect(Math.min(...sixth)).to.be.closeTo(low, (high - low) / 500)
      expect(Math.max(...sixth)).to.be.closeTo(high, (high - low) / 500)
    })
  }

  it('spreads the first delay too', () => {
    const random = seeded(2)
    const first = Array.from({ length: 10_000 }, () => draw(1, exponential({ random })).at(0) ?? 0)
    expect(farFromUniform(first, 20, 200)).to.be.lessThan(1.63 / 100)
  })

  it('gives the same delays for the same seed, and others for another', () => {
    const delays = (seed: number) => draw(8, exponential({ random: seeded(seed) }))
    expect(delays(42)).to.deep.equal(delays(42))
    expect(delays(42)).not.to.deep.equal(delays(43))
  })

  it('starts afresh each time it is iterated', () => {
    const policy = exponential({ jitter: 'none' })
    expect(draw(3, policy)).to.deep.equal(draw(3, policy))
  })

  it('never waits longer than its cap, however short that is', () => {
    expect(draw(3, exponential({ cap: 5 }))).to.deep.equal([5, 5, 5])
    expect(() => exponential({ cap: 5, floor: 6 })).to.throw(
      'exponential: floor must be at most cap, which is 5, not 6',
    )
    expect(() => exponential({ floor: 30_001 })).to.throw('exponential: floor must be at most cap, which is 30000')
  })

  it('names all that is wrong with its options', () => {
    const wrong = { base: -1, factor: 0.5, cap: NaN, floor: 2 ** 31, jitter: 'some', random: 1, step: 1 }
    for (const name of Object.keys(wrong)) {
      const refused = expect(() => exponential(wrong as object)).to.throw(name)
      refused.with.property('code', 'ERR_OPTIONS')
    }
  })
})
