import { expect } from 'chai'
import fc from 'fast-check'
import { varint } from 'sluice/framing'
import { course, encoded, run, type Outcome, withoutHandingOver } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

const packets = fc.array(
  fc.oneof(fc.uint8Array({ maxLength: 130 }), fc.uint8Array({ minLength: 127, maxLength: 129 })),
  { maxLength: 20 },
)

describe('varint', () => {
  it('puts the length in front, seven bits in a byte, the lowest first', () => {
    expect([...encoded(varint(), [new Uint8Array(5)]).subarray(0, 2)]).to.deep.equal([5, 0])
    expect([...encoded(varint(), [new Uint8Array(300)]).subarray(0, 3)]).to.deep.equal([0xac, 0x02, 0])
    expect([...encoded(varint(), [new Uint8Array()])]).to.deep.equal([0])
  })

  it('decodes what it has encoded, however it is cut and taken', () => {
    check(
      fc.property(packets, course, (sent, how) => {
        expect(run(varint(), encoded(varint(), sent), how)).to.deep.equal({
          packets: sent,
          skipped: [],
          fault: undefined,
        })
      }),
      200,
    )
  })

  it('does to damaged bytes what a naive decoder does', () => {
    const codec = varint({ maxFrameLength: 200, maxLengthBytes: 2 })
    check(
      fc.property(damaged(packets.map(sent => encoded(codec, sent))), course, (bytes, how) => {
        expect(run(codec, bytes, how)).to.deep.equal(naive(bytes, 200, 2))
      }),
      500,
    )
  })

  it('leaves out exactly the frames that are too long', () => {
    const codec = varint({ maxFrameLength: 10, onOversize: 'skip' })
    const sent = [new Uint8Array(9), new Uint8Array(200), new Uint8Array(10), Uint8Array.of(1)]
    check(
      fc.property(course, how => {
        const outcome = run(codec, encoded(varint(), sent), withoutHandingOver(how))
        expect(outcome).to.deep.equal({ packets: [sent[0], sent[3]], skipped: [202, 11], fault: undefined })
      }),
    )
  })

  it('bounds the length of the length', () => {
    expect(run(varint(), new Uint8Array(5).fill(0xff)).fault).to.equal('ERR_FRAME_MALFORMED')
    expect(run(varint({ maxLengthBytes: 2 }), Uint8Array.of(0x80, 0x80)).fault).to.equal('ERR_FRAME_MALFORMED')
    expect(run(varint(), new Uint8Array(100).fill(0x80), { cuts: [1], answers: [true], then: 'go on' }).fault).to.equal(
      'ERR_FRAME_MALFORMED',
    )
  })

  it('fails on the longest length there can be, and allocates nothing for it', () => {
    expect(run(varint({ maxLengthBytes: 7 }), new Uint8Array(7).fill(0xff, 0, 6).fill(0x7f, 6)).fault).to.equal(
      'ERR_FRAME_TOO_LONG',
    )
  })

  it('takes a length that is longer than it need be', () => {
    expect(run(varint(), Uint8Array.of(0x81, 0x80, 0x00, 7)).packets).to.deep.equal([Uint8Array.of(7)])
  })

  it('refuses to send what is too long', () => {
    expect(() => encoded(varint({ maxFrameLength: 10 }), [new Uint8Array(10)])).to.throw(RangeError, '11 bytes')
    expect(() => encoded(varint({ maxLengthBytes: 1 }), [new Uint8Array(128)])).to.throw(
      RangeError,
      '1 bytes of varint',
    )
    expect(() => encoded(varint(), [null as unknown as Uint8Array])).to.throw(TypeError, 'null')
  })

  it('says what is cut off at the end, emits or drops it', () => {
    const cut = Uint8Array.of(1, 7, 3, 8)
    expect(run(varint(), cut).fault).to.equal('ERR_FRAME_TRUNCATED')
    expect(run(varint({ tail: 'emit' }), cut).packets).to.deep.equal([Uint8Array.of(7), Uint8Array.of(8)])
    expect(run(varint({ tail: 'emit' }), Uint8Array.of(0x80)).packets).to.deep.equal([Uint8Array.of(0x80)])
    expect(run(varint({ tail: 'drop' }), cut)).to.deep.equal({
      packets: [Uint8Array.of(7)],
      skipped: [],
      fault: undefined,
    })
  })

  it('checks its options', () => {
    expect(() => varint({ maxLengthBytes: 8 })).to.throw('maxLengthBytes must be a whole number from 1 to 7')
  })
})

function naive(bytes: Uint8Array, limit: number, lengthBytes: number): Outcome<Uint8Array> {
  const packets: Uint8Array[] = []
  const outcome = (fault?: string) => ({ packets, skipped: [], fault })
  let at = 0
  while (at < bytes.length) {
    const last = bytes.findIndex((byte, index) => index >= at && byte < 0x80)
    const read = last < 0 ? bytes.length - at + 1 : last - at + 1
    if (read > lengthBytes)
      return outcome(last < 0 && bytes.length - at < lengthBytes ? 'ERR_FRAME_TRUNCATED' : 'ERR_FRAME_MALFORMED')
    if (last < 0) break
    const length = [...bytes.subarray(at, last + 1)].reduceRight((value, byte) => value * 128 + (byte & 0x7f), 0)
    if (read + length > limit) return outcome('ERR_FRAME_TOO_LONG')
    if (last + 1 + length > bytes.length) break
    packets.push(bytes.slice(last + 1, last + 1 + length))
    at = last + 1 + length
  }
  return outcome(at < bytes.length ? 'ERR_FRAME_TRUNCATED' : undefined)
}
