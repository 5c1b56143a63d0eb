import { expect } from 'chai'
import fc from 'fast-check'
import { netstring } from 'sluice/framing'
import { course, encoded, run, type Outcome, withoutHandingOver } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

const packets = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 })

describe('netstring', () => {
  it('is a length, a colon, the bytes and a comma', () => {
    expect(encoded(netstring(), [Buffer.from('hello'), new Uint8Array()])).to.deep.equal(Buffer.from('5:hello,0:,'))
  })

  it('decodes what it has encoded, however it is cut and taken', () => {
    check(
      fc.property(packets, course, (sent, how) => {
        expect(run(netstring(), encoded(netstring(), sent), how)).to.deep.equal({
          packets: sent,
          skipped: [],
          fault: undefined,
        })
      }),
      200,
    )
  })

  it('does to damaged bytes what a naive decoder does', () => {
    const codec = netstring({ maxFrameLength: 100 })
    check(
      fc.property(damaged(packets.map(sent => encoded(netstring(), sent))), course, (bytes, how) => {
        expect(run(codec, bytes, how)).to.deep.equal(naive(bytes, 100))
      }),
      500,
    )
  })

  for (const wrong of [
    'hello',
    ':',
    '-1:',
    '+1:a,',
    '01:a,',
    '00:,',
    ' 1:a,',
    '1 :a,',
    '1:a;',
    '1:ab,',
    '0x1:a,',
    '1a:',
  ]) {
    it(`fails on ${wrong}`, () => {
      expect(run(netstring(), Buffer.from(wrong)).fault).to.equal('ERR_FRAME_MALFORMED')
      expect(run(netstring(), Buffer.from(wrong), { cuts: [1], answers: [false], then: 'go on' }).fault).to.equal(
        'ERR_FRAME_MALFORMED',
      )
    })
  }

  it('fails on lengths without end, whatever it does with those that are too long', () => {
    const digits = Buffer.alloc(1000, '9')
    for (const onOversize of ['error', 'skip'] as const) {
      expect(run(netstring({ onOversize }), digits).fault).to.equal('ERR_FRAME_TOO_LONG')
      expect(run(netstring({ onOversize }), digits, { cuts: [1], answers: [true], then: 'go on' }).fault).to.equal(
        'ERR_FRAME_TOO_LONG',
      )
    }
  })

  it('leaves out exactly what is too long', () => {
    const codec = netstring({ maxFrameLength: 8, onOversize: 'skip' })
    check(
      fc.property(course, how => {
        const outcome = run(codec, Buffer.from('5:hello,6:hello!,1:a,'), withoutHandingOver(how))
        expect(outcome).to.deep.equal({
          packets: [Buffer.from('hello'), Buffer.from('a')],
          skipped: [9],
          fault: undefined,
        })
      }),
    )
  })

  it('says what is cut off at the end, emits or drops it', () => {
    expect(run(netstring(), Buffer.from('1:a,3:b')).fault).to.equal('ERR_FRAME_TRUNCATED')
    expect(run(netstring({ tail: 'emit' }), Buffer.from('1:a,3:b')).packets).to.deep.equal([
      Buffer.from('a'),
      Buffer.from('b'),
    ])
    expect(run(netstring({ tail: 'drop' }), Buffer.from('1:a,3')).packets).to.deep.equal([Buffer.from('a')])
  })

  it('refuses to send what is too long, or no bytes', () => {
    expect(() => encoded(netstring({ maxFrameLength: 8 }), [new Uint8Array(6)])).to.throw(RangeError, '9 bytes')
    expect(() => encoded(netstring(), [5 as unknown as Uint8Array])).to.throw(TypeError, 'number')
  })
})

function naive(bytes: Uint8Array, limit: number): Outcome<Uint8Array> {
  const packets: Uint8Array[] = []
  const outcome = (fault?: string) => ({ packets, skipped: [], fault })
  let left = Buffer.from(bytes).toString('latin1')
  while (left !== '') {
    const [header = '', digits = ''] = /^(0|[1-9]\d*):/.exec(left) ?? []
    if (header === '') return outcome(/^(|0|[1-9]\d{0,14})$/.test(left) ? 'ERR_FRAME_TRUNCATED' : 'ERR_FRAME_MALFORMED')
    const size = header.length + Number(digits) + 1
    if (size > limit) return outcome('ERR_FRAME_TOO_LONG')
    if (size > left.length) return outcome('ERR_FRAME_TRUNCATED')
    if (left[size - 1] !== ',') return outcome('ERR_FRAME_MALFORMED')
    packets.push(new Uint8Array(Buffer.from(left.slice(header.length, size - 1), 'latin1')))
    left = left.slice(size)
  }
  return outcome()
}
