import { expect } from 'chai'
import fc from 'fast-check'
import { ndjson } from 'sluice/framing'
import { course, encoded, run, type Outcome } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

describe('ndjson', () => {
  it('is a value per line', () => {
    expect(encoded(ndjson(), [{ a: 'b\nc' }, [1], null])).to.deep.equal(Buffer.from('{"a":"b\\nc"}\n[1]\nnull\n'))
  })

  it('decodes what it has encoded, however it is cut and taken', () => {
    const value = fc.jsonValue({ noUnicodeString: false }).map(one => JSON.parse(JSON.stringify(one)) as unknown)
    check(
      fc.property(fc.array(value), course, (sent, how) => {
        expect(run(ndjson(), encoded(ndjson(), sent), how)).to.deep.equal({
          packets: sent,
          skipped: [],
          fault: undefined,
        })
      }),
      200,
    )
  })

  it('does to damaged bytes what a naive decoder does', () => {
    const codec = ndjson({ maxLength: 100 })
    const value = fc.oneof(fc.jsonValue({ depthSize: 'small' }), fc.string({ unit: 'binary' }))
    const sent = fc.array(value, { maxLength: 12 }).map(values => encoded(ndjson(), values))
    check(
      fc.property(damaged(sent), course, (input, how) => {
        expect(run(codec, input, how)).to.deep.equal(naive(input, 100))
      }),
      500,
    )
  })

  it('leaves empty lines out', () => {
    expect(run(ndjson(), bytes('\n1\n\r\n2\r\n')).packets).to.deep.equal([1, 2])
  })

  it('fails on what is no JSON, behind the values before it, and tells why', () => {
    expect(run(ndjson(), bytes('1\n{"a":\n2\n'))).to.deep.equal({
      packets: [1],
      skipped: [],
      fault: 'ERR_FRAME_MALFORMED',
    })
    try {
      ndjson()
        .decoder()
        .decode(bytes('{\n'), () => true)
      expect.fail('it took it')
    } catch (thrown) {
      expect((thrown as Error).cause).to.be.instanceOf(SyntaxError)
    }
  })

  it('limits a line as lines does', () => {
    expect(run(ndjson({ maxLength: 3 }), bytes('"abc"\n')).fault).to.equal('ERR_FRAME_TOO_LONG')
    expect(run(ndjson({ maxLength: 3, onOversize: 'skip' }), bytes('"abc"\n1\n')).packets).to.deep.equal([1])
    expect(run(ndjson({ tail: 'error' }), bytes('1')).fault).to.equal('ERR_FRAME_TRUNCATED')
  })

  it('refuses to send what has no JSON', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const wrong of [undefined, () => 1, Symbol('s'), 1n, cycle])
      expect(() => encoded(ndjson(), [wrong])).to.throw(TypeError)
  })
})

function naive(input: Uint8Array, limit: number): Outcome<unknown> {
  const packets: unknown[] = []
  const outcome = (fault?: string) => ({ packets, skipped: [], fault })
  for (const line of Buffer.from(input).toString('latin1').split('\n')) {
    if (line.length > limit) return outcome('ERR_FRAME_TOO_LONG')
    const text = Buffer.from(line.replace(/\r$/, ''), 'latin1').toString('utf8')
    if (text === '') continue
    try {
      packets.push(JSON.parse(text))
    } catch {
      return outcome('ERR_FRAME_MALFORMED')
    }
  }
  return outcome()
}
