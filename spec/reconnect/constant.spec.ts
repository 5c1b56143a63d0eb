import { expect } from 'chai'
import { constant } from 'sluice'
import { draw } from '../support/draw.js'

describe('constant', () => {
  it('gives the same delay without an end', () => {
    expect(draw(1_000, constant(250))).to.deep.equal(Array(1_000).fill(250))
    expect(draw(2, constant(0))).to.deep.equal([0, 0])
  })

  it('can be iterated again and again', () => {
    const policy = constant(7)
    expect(draw(2, policy)).to.deep.equal(draw(2, policy))
  })

  it('refuses what is no delay', () => {
    for (const ms of [-1, NaN, Infinity, 2 ** 31]) {
      expect(() => constant(ms))
        .to.throw()
        .with.property('code', 'ERR_OPTIONS')
    }
  })
})
