import { expect } from 'chai'
import fc from 'fast-check'
import { Imprint } from '#src/pool/imprint.js'
import { joinNeighbours } from '#src/net/join-neighbours.js'
import { check } from '../support/property.js'

const packets = fc.array(fc.array(fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 3_000 }))), {
  maxLength: 40,
})

/** Packets as the sizes of the pieces in which they are written, filled with their number. */
function imprinted(sizes: readonly (readonly number[])[]) {
  let number = 0
  const imprint = new Imprint<readonly number[]>({
    encode(pieces, write) {
      for (const size of pieces) write(new Uint8Array(size).fill(number))
      number += 1
    },
  })
  return sizes.map(pieces => imprint.of(pieces))
}

describe('Imprint', () => {
  it('gives the bytes of each packet, and keeps them as they are', () => {
    check(
      fc.property(packets, sizes => {
        const given = imprinted(sizes).map(pieces => Buffer.concat(pieces))
        const expected = sizes.map((pieces, number) =>
          Buffer.alloc(
            pieces.reduce((sum, size) => sum + size, 0),
            number,
          ),
        )
        expect(given).to.deep.equal(expected)
      }),
    )
  })

  it('puts small packets side by side, so that they can be joined', () => {
    const pieces = imprinted([[4, 60], [4, 60], [4, 60], [4]]).flat()
    expect(pieces).to.have.length(4)
    expect(joinNeighbours(pieces).map(({ length }) => length)).to.deep.equal([196])
  })

  it('copies nothing large', () => {
    const large = new Uint8Array(2_000)
    const imprint = new Imprint<Uint8Array>({ encode: (packet, write) => write(packet) })
    expect(imprint.of(large)).to.deep.equal([large])
    expect(imprint.of(large)[0]).to.equal(large)
  })

  it('leaves nothing of a packet that could not be encoded', () => {
    const imprint = new Imprint<string>({
      encode(packet, write) {
        write(Buffer.from(packet))
        if (packet === 'bad') throw new TypeError('bad')
      },
    })
    expect(() => imprint.of('bad')).to.throw('bad')
    expect(Buffer.concat(imprint.of('good')).toString()).to.equal('good')
  })
})

describe('joinNeighbours', () => {
  it('keeps the bytes and their order, and joins what lies side by side', () => {
    const cuts = fc.array(fc.tuple(fc.nat(3), fc.nat(99), fc.nat(99)), { maxLength: 20 })
    const arrays = [1, 2, 3, 4].map(fill => new Uint8Array(100).map((_, index) => fill * index))
    check(
      fc.property(cuts, places => {
        const chunks = places.map(([array, a, b]) =>
          (arrays[array] ?? new Uint8Array()).subarray(Math.min(a, b), Math.max(a, b)),
        )
        const whole = Buffer.concat(chunks)
        const joined = joinNeighbours([...chunks])
        expect(Buffer.concat(joined).equals(whole)).to.equal(true)
        expect(joined.length).to.be.at.most(chunks.length)
        expect(joinNeighbours([...joined])).to.have.length(joined.length)
      }),
    )
  })
})
