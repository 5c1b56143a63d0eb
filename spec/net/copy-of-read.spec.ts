import { expect } from 'chai'
import fc from 'fast-check'
import { copyOfRead } from '#src/net/copy-of-read.js'
import { readBuffer } from '#src/net/shared-reads.js'
import { check } from '../support/property.js'

const KiB = 1024
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 64 * KiB }),
  fc.constantFrom(1, 4 * KiB - 1, 4 * KiB, 32 * KiB, 32 * KiB + 1, 64 * KiB),
)

describe('A copy of a read', () => {
  it('stays what it is, whatever is read afterwards', () => {
    check(
      fc.property(fc.array(sizes, { maxLength: 30 }), reads => {
        const copies = reads.map((size, index) => {
          readBuffer.fill(index, 0, size)
          return copyOfRead(size)
        })
        for (const [index, copy] of copies.entries()) {
          expect(copy.length).to.equal(reads[index])
          expect(copy.every(byte => byte === index)).to.equal(true)
        }
      }),
      50,
    )
  })

  it('keeps 64 KiB alive at most', () => {
    for (const size of [1, 4 * KiB - 1, 4 * KiB, 20 * KiB, 32 * KiB, 64 * KiB])
      expect(copyOfRead(size).buffer.byteLength).to.be.at.most(64 * KiB)
  })

  it("of a few bytes keeps no more alive than Node's own pool", () => {
    expect(copyOfRead(16).buffer.byteLength).to.be.at.most(Buffer.poolSize)
  })
})
