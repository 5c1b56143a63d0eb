import { expect } from 'chai'
import fc from 'fast-check'
import { newMask, readMask, rotated, toggleMask, writeMask } from '#src/websocket/node/protocol/mask.js'
import { check } from '../../../support/property.js'

const mask = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

describe('A mask', () => {
  it('is a byte of it on every byte in turn, wherever the bytes lie in memory', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), mask, (payload, offset, key) => {
        const bytes = new Uint8Array(offset + payload.length)
        bytes.set(payload, offset)
        toggleMask(bytes, offset, bytes.length, key)
        const expected = payload.map((byte, index) => byte ^ ((key >>> (8 * (index & 3))) & 0xff))
        expect(bytes.subarray(offset)).to.deep.equal(expected)
      }),
    )
  })

  it('tells whether what comes of it is ASCII', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), mask, (payload, offset, key) => {
        const bytes = new Uint8Array(offset + payload.length)
        bytes.set(payload, offset)
        expect(toggleMask(bytes, offset, bytes.length, key)).to.equal(bytes.subarray(offset).every(byte => byte < 0x80))
      }),
    )
  })

  it('goes on where a part has ended', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), mask, (payload, cut, key) => {
        const middle = Math.min(cut, payload.length)
        const [whole, parts] = [payload.slice(), payload.slice()]
        toggleMask(whole, 0, whole.length, key)
        toggleMask(parts, 0, middle, key)
        toggleMask(parts, middle, parts.length, rotated(key, middle))
        expect(parts).to.deep.equal(whole)
      }),
    )
  })

  it('lies in four bytes', () => {
    check(
      fc.property(mask, key => {
        const bytes = new Uint8Array(6)
        writeMask(bytes, 1, key)
        expect(readMask(bytes, 1)).to.equal(key)
      }),
    )
  })

  it('is another for each frame', () => {
    const masks = Array.from({ length: 5_000 }, newMask)
    expect(new Set(masks).size).to.be.greaterThan(4_990)
  })
})
