import { expect } from 'chai'
import fc from 'fast-check'
import { ByteQueue } from '#src/framing/byte-queue.js'
import { Slab } from '#src/framing/slab.js'
import { check } from '../support/property.js'
import { work } from '../support/decoding.js'

/** Bytes that tell where they belong. */
const numbered = (from: number, size: number) => Uint8Array.from({ length: size }, (_, index) => (from + index) % 251)

const size = fc.oneof(fc.nat(5), fc.nat(200), fc.nat(5_000))

const action = fc.oneof(
  fc.record({ do: fc.constant('push' as const), size }),
  fc.record({ do: fc.constant('take' as const), size }),
  fc.record({ do: fc.constant('take with' as const), size }),
  fc.record({ do: fc.constant('look' as const), size }),
)

describe('ByteQueue', () => {
  it('gives back what was put in, in whatever pieces, and leaves alone what it gave', () => {
    check(
      fc.property(fc.array(action, { maxLength: 200 }), actions => {
        const queue = new ByteQueue(new Slab())
        const given: { bytes: Uint8Array; from: number }[] = []
        let [put, taken] = [0, 0]
        for (const step of actions) {
          const held = put - taken
          if (step.do === 'push') {
            const around = new Uint8Array(step.size + 6)
            around.set(numbered(put, step.size), 3)
            queue.push(around, 3, 3 + step.size)
            put += step.size
          } else if (step.do === 'take') {
            const bytes = queue.take(Math.min(step.size, held))
            given.push({ bytes, from: taken })
            taken += bytes.length
          } else if (step.do === 'take with') {
            const bytes = queue.takeWith(held + step.size, Buffer.concat([Buffer.of(0), numbered(put, step.size)]), 1)
            given.push({ bytes, from: taken })
            put += step.size
            taken = put
          } else {
            const from = Math.min(step.size, held)
            const pieces: Uint8Array[] = []
            queue.forEach(from, piece => pieces.push(new Uint8Array(piece)) > 0)
            expect(new Uint8Array(Buffer.concat(pieces))).to.deep.equal(numbered(taken + from, held - from))
          }
          expect(queue.length).to.equal(put - taken)
        }
        for (const { bytes, from } of given) expect(bytes).to.deep.equal(numbered(from, bytes.length))
      }),
      300,
    )
  })

  it('is empty when it has been cleared, and can be used again', () => {
    const queue = new ByteQueue(new Slab())
    for (const part of [1, 300, 2]) queue.push(numbered(0, part))
    queue.clear()
    expect(queue.length).to.equal(0)
    queue.push(numbered(7, 3))
    expect(queue.take(3)).to.deep.equal(numbered(7, 3))
  })

  it('shows its pieces until it is told to stop', () => {
    const queue = new ByteQueue(new Slab())
    queue.push(numbered(0, 300))
    queue.push(numbered(300, 300))
    let seen = 0
    queue.forEach(0, piece => {
      seen += piece.length
      return false
    })
    expect(seen).to.equal(300)
  })

  for (const cut of [1, 100, 1_400, 65_536]) {
    it(`copies each byte at most twice, in chunks of ${cut}`, () => {
      const all = numbered(0, 200_000)
      const copied = work(() => {
        const queue = new ByteQueue(new Slab())
        for (let at = 0; at < all.length; at += cut) queue.push(all, at, Math.min(all.length, at + cut))
        expect(queue.take(all.length)).to.have.length(all.length)
      })
      expect(copied).to.be.at.most(2 * all.length)
    })
  }

  it('gives a view of a chunk that has all that is wanted', () => {
    const queue = new ByteQueue(new Slab())
    const chunk = numbered(0, 1_000)
    queue.push(chunk)
    expect(queue.take(400).buffer).to.equal(chunk.buffer)
    expect(queue.take(600).byteOffset).to.equal(400)
  })
})
