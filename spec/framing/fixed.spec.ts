import { expect } from 'chai'
import fc from 'fast-check'
import { fixed } from 'sluice/framing'
import { course, encoded, run, type Outcome } from '../support/decoding.js'
import { check } from '../support/property.js'

describe('fixed', () => {
  it('cuts packets of one length, however they arrive and are taken', () => {
    const sized = fc
      .integer({ min: 1, max: 200 })
      .chain(length => fc.tuple(fc.constant(length), fc.array(fc.uint8Array({ minLength: length, maxLength: length }))))
    check(
      fc.property(sized, course, ([length, sent], how) => {
        const codec = fixed({ length })
        expect(run(codec, encoded(codec, sent), how)).to.deep.equal({ packets: sent, skipped: [], fault: undefined })
      }),
      200,
    )
  })

  it('does to any bytes what a naive decoder does', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), course, (bytes, length, how) => {
        expect(run(fixed({ length }), bytes, how)).to.deep.equal(naive(bytes, length))
      }),
      300,
    )
  })

  it('says what is cut off at the end, emits or drops it', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(run(fixed({ length: 2 }), bytes)).to.deep.equal({
      packets: [Uint8Array.of(1, 2)],
      skipped: [],
      fault: 'ERR_FRAME_TRUNCATED',
    })
    expect(run(fixed({ length: 2, tail: 'emit' }), bytes).packets).to.deep.equal([
      Uint8Array.of(1, 2),
      Uint8Array.of(3),
    ])
    expect(run(fixed({ length: 2, tail: 'drop' }), bytes)).to.deep.equal({
      packets: [Uint8Array.of(1, 2)],
      skipped: [],
      fault: undefined,
    })
  })

  it('refuses to send another length', () => {
    expect(() => encoded(fixed({ length: 2 }), [new Uint8Array(3)])).to.throw(RangeError, '3 bytes')
    expect(() => encoded(fixed({ length: 2 }), ['ab' as unknown as Uint8Array])).to.throw(TypeError)
  })

  it('needs a length', () => {
    expect(() => fixed({} as { length: number })).to.throw('length must be a whole number')
    expect(() => fixed({ length: 0 })).to.throw('length must be a whole number')
  })
})

function naive(bytes: Uint8Array, length: number): Outcome<Uint8Array> {
  const whole = Math.floor(bytes.length / length)
  const packets = Array.from({ length: whole }, (_, index) => bytes.slice(index * length, (index + 1) * length))
  return { packets, skipped: [], fault: whole * length === bytes.length ? undefined : 'ERR_FRAME_TRUNCATED' }
}
