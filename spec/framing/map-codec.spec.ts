import { expect } from 'chai'
import fc from 'fast-check'
import { SluiceError } from 'sluice'
import { fixed, lengthField, lines, mapCodec } from 'sluice/framing'
import { course, encoded, run } from '../support/decoding.js'
import { check } from '../support/property.js'

const numbers = mapCodec(
  fixed({ length: 2 }),
  bytes => new DataView(bytes.buffer, bytes.byteOffset).getUint16(0),
  (number: number) => Uint8Array.of(number >> 8, number),
)

describe('mapCodec', () => {
  it('decodes what it has encoded, however it is cut and taken', () => {
    check(
      fc.property(fc.array(fc.integer({ min: 0, max: 65_535 })), course, (sent, how) => {
        expect(run(numbers, encoded(numbers, sent), how)).to.deep.equal({
          packets: sent,
          skipped: [],
          fault: undefined,
        })
      }),
    )
  })

  it('may be mapped again', () => {
    const halves = mapCodec(
      numbers,
      number => number / 2,
      (half: number) => half * 2,
    )
    expect(run(halves, encoded(halves, [1, 2.5])).packets).to.deep.equal([1, 2.5])
  })

  it('passes on what is left out, and what is left at the end', () => {
    const codec = mapCodec(
      lengthField({ lengthFieldLength: 1, maxFrameLength: 3, onOversize: 'skip', tail: 'emit' }),
      String,
      (text: string) => Buffer.from(text),
    )
    expect(run(codec, Uint8Array.of(3, 0, 0, 0, 2, 7))).to.deep.equal({
      packets: ['7'],
      skipped: [4],
      fault: undefined,
    })
  })

  it('fails with what its function throws, behind the packets before', () => {
    const codec = mapCodec(
      lines(),
      line => {
        if (line === 'no') throw new SluiceError('ERR_FRAME_MALFORMED', 'no is no answer')
        return line
      },
      (text: string) => text,
    )
    expect(run(codec, Buffer.from('yes\nno\nyes\n'))).to.deep.equal({
      packets: ['yes'],
      skipped: [],
      fault: 'ERR_FRAME_MALFORMED',
    })
  })

  it('throws at the sender what its function throws', () => {
    const codec = mapCodec(lines(), String, () => {
      throw new TypeError('never')
    })
    expect(() => encoded(codec, [1])).to.throw(TypeError, 'never')
  })

  it('has bytes left of what it has not told', () => {
    const decoder = numbers.decoder()
    decoder.decode(Uint8Array.of(0, 1, 0, 2, 0), () => false)
    expect([...decoder.rest()]).to.deep.equal([0, 2, 0])
  })
})
