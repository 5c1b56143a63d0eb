import { expect } from 'chai'
import fc from 'fast-check'
import { lines, type LinesOptions } from 'sluice/framing'
import { course, encoded, run, work, type Outcome } from '../support/decoding.js'
import { check } from '../support/property.js'

const utf8 = (text: string) => new Uint8Array(Buffer.from(text))

/** Text in which characters have one to four bytes. */
const line = fc
  .string({ unit: fc.constantFrom('a', 'b', ' ', '\r', 'é', '→', '😀', '\ufeff', '\0'), maxLength: 40 })
  .filter(text => !text.endsWith('\r'))

/** Any bytes, many of them the start or the end of a character or of a line. */
const noise = fc.array(
  fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x61, 0xc3, 0xa9, 0xe2, 0x86, 0x92, 0xf0, 0x9f, 0x98, 0x80), fc.nat(255)),
  { maxLength: 60 },
)

describe('lines', () => {
  it('ends a line with LF', () => {
    expect(encoded(lines(), ['hello', '', 'é'])).to.deep.equal(Buffer.from('hello\n\né\n'))
  })

  it('decodes what it has encoded, however it is cut and taken', () => {
    check(
      fc.property(fc.array(line), course, (sent, how) => {
        expect(run(lines(), encoded(lines(), sent), how)).to.deep.equal({
          packets: sent,
          skipped: [],
          fault: undefined,
        })
      }),
      300,
    )
  })

  it('does to any bytes what a naive decoder does', () => {
    check(
      fc.property(noise, course, (bytes, how) => {
        expect(run(lines(), Uint8Array.from(bytes), how)).to.deep.equal(
          naive(Uint8Array.from(bytes), Infinity, 'error'),
        )
      }),
      1000,
    )
  })

  it('fails on a line that is too long where a naive decoder does', () => {
    check(
      fc.property(noise, fc.integer({ min: 1, max: 20 }), course, (bytes, maxLength, how) => {
        expect(run(lines({ maxLength }), Uint8Array.from(bytes), how)).to.deep.equal(
          naive(Uint8Array.from(bytes), maxLength, 'error'),
        )
      }),
      1000,
    )
  })

  it('leaves out lines that are too long where a naive decoder does', () => {
    check(
      fc.property(noise, fc.integer({ min: 1, max: 20 }), course, (bytes, maxLength, how) => {
        const { packets, skipped, fault } = run(lines({ maxLength, onOversize: 'skip' }), Uint8Array.from(bytes), {
          ...how,
          then: 'go on',
        })
        const expected = naive(Uint8Array.from(bytes), maxLength, 'skip')
        expect({ packets, fault, skipped: skipped.length }).to.deep.equal({
          ...expected,
          skipped: expected.skipped.length,
        })
      }),
      1000,
    )
  })

  it('strips one CR', () => {
    expect(run(lines(), utf8('a\r\nb\r\r\n\r\n\rc\r')).packets).to.deep.equal(['a', 'b\r', '', '\rc'])
  })

  it('replaces what is no UTF-8, and nothing else of its line', () => {
    expect(run(lines(), Uint8Array.of(0x61, 0xc3, 0x0a, 0x62, 0x0a)).packets).to.deep.equal(['a\ufffd', 'b'])
  })

  it('tells bytes of a character that was cut in two as one', () => {
    for (const cut of [1, 2, 3, 4, 5]) {
      expect(run(lines(), utf8('→😀\n'), { cuts: [cut], answers: [true], then: 'go on' }).packets).to.deep.equal([
        '→😀',
      ])
    }
  })

  it('leaves empty lines out if it is to', () => {
    check(
      fc.property(course, how => {
        expect(run(lines({ blank: 'drop' }), utf8('\n\r\na\n\n\r\n\nb'), how).packets).to.deep.equal(['a', 'b'])
      }),
    )
  })

  it('takes a last line without LF, fails on it or drops it', () => {
    const outcomes = (['emit', 'error', 'drop'] as const).map(tail => run(lines({ tail }), utf8('a\nb')))
    expect(outcomes.map(({ packets }) => packets)).to.deep.equal([['a', 'b'], ['a'], ['a']])
    expect(outcomes.map(({ fault }) => fault)).to.deep.equal([undefined, 'ERR_FRAME_TRUNCATED', undefined])
    expect(run(lines(), utf8('a\nb')).packets).to.deep.equal(['a', 'b'])
  })

  it('limits a line in bytes, without its LF', () => {
    expect(run(lines({ maxLength: 3 }), utf8('abc\nabc')).packets).to.deep.equal(['abc', 'abc'])
    expect(run(lines({ maxLength: 3 }), utf8('abc\nabcd\n'))).to.deep.equal({
      packets: ['abc'],
      skipped: [],
      fault: 'ERR_FRAME_TOO_LONG',
    })
    expect(run(lines({ maxLength: 3 }), utf8('éé\n')).fault).to.equal('ERR_FRAME_TOO_LONG')
    expect(() => {
      lines({ maxLength: 3 })
        .decoder()
        .decode(utf8('abcd'), () => true)
    }).to.throw('4 bytes arrives, more than the 3 of maxLength')
  })

  it('tells the size of a line that it leaves out, as far as it has seen it', () => {
    const skipping = lines({ maxLength: 3, onOversize: 'skip' })
    expect(run(skipping, utf8('abcdef\nabc\n'))).to.deep.equal({ packets: ['abc'], skipped: [6], fault: undefined })
    expect(run(skipping, utf8('abcdef\nabc\n'), { cuts: [4], answers: [true], then: 'go on' }).skipped).to.deep.equal([
      4,
    ])
    expect(run(skipping, utf8('abc\nabcdef')).packets).to.deep.equal(['abc'])
  })

  it('has bytes left of what it has not told, exactly as they came', () => {
    const decoder = lines().decoder()
    const told: string[] = []
    decoder.decode(Uint8Array.of(0x61, 0xff), line => told.push(line) > 0)
    decoder.decode(Uint8Array.of(0x62, 0x0a, 0x63, 0x0a, 0xff, 0x0a, 0xc3), line => {
      told.push(line)
      if (line === 'c') expect([...decoder.rest()]).to.deep.equal([0xff, 0x0a, 0xc3])
      return true
    })
    expect(told).to.deep.equal(['a\ufffdb', 'c'])
    expect(decoder.rest()).to.have.length(0)
    decoder.decode(utf8('d\n'), line => told.push(line) > 0)
    expect(told.at(-1)).to.equal('d')
  })

  it('has only what is behind a line that is left out as its rest', () => {
    for (const asked of ['while it is told', 'afterwards']) {
      let rest: Uint8Array | undefined
      const decoder = lines({ maxLength: 3, onOversize: 'skip' }).decoder({
        skipped: () => {
          if (asked === 'while it is told') rest = decoder.rest()
          return false
        },
        more: () => undefined,
      })
      decoder.decode(Buffer.from('too long\nab'), () => true)
      expect(Buffer.from(rest ?? decoder.rest()).toString(), asked).to.equal('ab')
    }
  })

  it('handles each byte a few times only, also when they come one by one', () => {
    const handled = (size: number, cut: number) => {
      const codec = lines({ maxLength: 1_000_000 })
      const bytes = utf8(`${'a'.repeat(size)}\n`)
      return work(() => {
        const decoder = codec.decoder()
        for (let at = 0; at <= size; at += cut) decoder.decode(bytes.subarray(at, at + cut), () => true)
      })
    }
    for (const cut of [1, 100, 1400]) expect(handled(60_000, cut), `chunks of ${cut}`).to.be.at.most(5 * 60_000)
  })

  it('refuses to send what would arrive as something else', () => {
    expect(() => encoded(lines(), ['a\nb'])).to.throw(RangeError, 'LF')
    expect(() => encoded(lines(), [5 as unknown as string])).to.throw(TypeError, 'number')
    expect(() => encoded(lines({ maxLength: 3 }), ['éé'])).to.throw(RangeError, '4 bytes')
    expect(encoded(lines({ maxLength: 4 }), ['éé'])).to.have.length(5)
  })

  it('sends short, long and very long lines alike', () => {
    const texts = ['é'.repeat(5), 'é'.repeat(50), 'é'.repeat(5_000), 'é'.repeat(30_000)]
    expect(encoded(lines(), [...texts, ...texts])).to.deep.equal(Buffer.from(`${[...texts, ...texts].join('\n')}\n`))
  })

  it('goes on behind what was decoded in turn, while a line is told', () => {
    const decoder = lines().decoder()
    const told: string[] = []
    const first = (line: string) => told.push(line) > 0
    decoder.decode(utf8('a\nb\nc\nd\n'), line => {
      if (line === 'a') decoder.decode(new Uint8Array(), next => first(next) && next !== 'b')
      return first(line)
    })
    expect(told).to.deep.equal(['b', 'a', 'c', 'd'])
  })

  it('goes on with what it was given in place of the rest, while a line is told', () => {
    const decoder = lines().decoder()
    const told: string[] = []
    const first = (line: string) => told.push(line) > 0
    decoder.decode(utf8('a\nb\nc\n'), line => {
      if (line === 'a') {
        decoder.rest()
        decoder.decode(utf8('x\ny\nz\n'), next => first(next) && next !== 'x')
      }
      return first(line)
    })
    expect(told).to.deep.equal(['x', 'a', 'y', 'z'])
  })

  it('checks its options', () => {
    expect(() => lines({ maxLength: 0, blank: 'no' } as unknown as LinesOptions)).to.throw(/maxLength .*; blank/)
  })
})

function naive(bytes: Uint8Array, limit: number, onOversize: 'error' | 'skip'): Outcome<string> {
  const packets: string[] = []
  const skipped: number[] = []
  const outcome = (fault?: string) => ({ packets, skipped, fault })
  let at = 0
  while (at < bytes.length) {
    const lf = bytes.indexOf(0x0a, at)
    const end = lf < 0 ? bytes.length : lf
    if (end - at <= limit) packets.push(Buffer.from(bytes.subarray(at, end)).toString().replace(/\r$/, ''))
    else if (onOversize === 'error') return outcome('ERR_FRAME_TOO_LONG')
    else skipped.push(end - at)
    at = end + 1
  }
  return outcome()
}
