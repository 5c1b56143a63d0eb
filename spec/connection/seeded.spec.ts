import { expect } from 'chai'
import fc from 'fast-check'
import { seeded } from 'sluice'
import { farFromUniform } from '../support/draw.js'

describe('seeded', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const numbers = (seed: number) => Array.from({ length: 5 }, seeded(seed))
    fc.assert(
      fc.property(fc.integer(), seed => {
        expect(numbers(seed)).to.deep.equal(numbers(seed))
        expect(numbers(seed)).not.to.deep.equal(numbers(seed + 1))
      }),
    )
  })

  it('gives numbers of at least 0 and less than 1, evenly', () => {
    for (const seed of [0, 1, 42, -1, 2 ** 31]) {
      const sample = Array.from({ length: 10_000 }, seeded(seed))
      expect(Math.min(...sample)).to.be.at.least(0)
      expect(Math.max(...sample)).to.be.lessThan(1)
      expect(farFromUniform(sample, 0, 1)).to.be.lessThan(1.63 / 100)
    }
  })
})
