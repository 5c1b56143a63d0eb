import { expect } from 'chai'
import fc from 'fast-check'
import { delimiter, type DelimiterOptions } from 'sluice/framing'
import { course, encoded, run, watched, work, type Outcome, withoutHandingOver } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

// Few letters, so that delimiters often begin and are not.
const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '\n'), maxLength: 30 })
const delimiters = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '-', '\n'), minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 4,
})
const bytesOf = (string: string) => new Uint8Array(Buffer.from(string))

describe('delimiter', () => {
  it('ends a packet with the first of its delimiters', () => {
    expect(encoded(delimiter({ delimiters: ['\r\n', '\n'] }), [bytesOf('a'), bytesOf('')])).to.deep.equal(
      Buffer.from('a\r\n\r\n'),
    )
  })

  it('decodes what it has encoded, however it is cut and taken', () => {
    check(
      fc.property(delimiters, fc.array(text), course, (all, candidates, how) => {
        const codec = delimiter({ delimiters: all })
        const sent = candidates.map(bytesOf).filter(packet => isSendable(() => encoded(codec, [packet])))
        expect(run(codec, encoded(codec, sent), how)).to.deep.equal({ packets: sent, skipped: [], fault: undefined })
      }),
      300,
    )
  })

  it('does to any bytes what a naive decoder does', () => {
    check(
      fc.property(delimiters, damaged(text.map(bytesOf)), course, (all, bytes, how) => {
        expect(run(delimiter({ delimiters: all, maxFrameLength: 12 }), bytes, how)).to.deep.equal(
          naive(bytes, all, 12, 'error'),
        )
      }),
      500,
    )
  })

  it('leaves out what is too long of any bytes, as a naive decoder does', () => {
    check(
      fc.property(delimiters, text, course, (all, string, how) => {
        const options = { delimiters: all, maxFrameLength: 5, onOversize: 'skip', tail: 'drop' } as const
        const { packets, skipped, fault } = run(delimiter(options), bytesOf(string), withoutHandingOver(how))
        const expected = naive(bytesOf(string), all, 5, 'skip')
        expect({ packets, fault }).to.deep.equal({ packets: expected.packets, fault: undefined })
        expect(skipped).to.have.length(expected.skipped.length)
      }),
      500,
    )
  })

  it('takes the delimiter that is complete first, and of two that end together the longer', () => {
    expect(packetsOf({ delimiters: ['\n', '\r\n'] }, 'a\r\nb\nc\r\n')).to.deep.equal(['a', 'b', 'c'])
    expect(packetsOf({ delimiters: ['--', 'x--y'] }, 'ax--y--')).to.deep.equal(['ax', 'y'])
  })

  it('finds a delimiter whose start has just been seen in vain', () => {
    expect(packetsOf({ delimiters: '\r\n\r\n' }, 'a\r\n\r\r\n\r\nb\r\n\r\n')).to.deep.equal(['a\r\n\r', 'b'])
    expect(packetsOf({ delimiters: 'aab' }, 'aaab')).to.deep.equal(['a'])
  })

  it('leaves delimiters on where nothing is stripped, and sends only what ends with one', () => {
    const codec = delimiter({ delimiters: [';', '\n'], strip: false })
    expect(packetsOf({ delimiters: [';', '\n'], strip: false }, 'a;b\n')).to.deep.equal(['a;', 'b\n'])
    expect(encoded(codec, [bytesOf('b\n')])).to.deep.equal(Buffer.from('b\n'))
    for (const wrong of ['a', 'a;b', 'a;b;', ''])
      expect(() => encoded(codec, [bytesOf(wrong)]), wrong).to.throw(RangeError)
  })

  it('refuses to send what would arrive as something else', () => {
    expect(() => encoded(delimiter({ delimiters: '--' }), [bytesOf('a--b')])).to.throw(
      RangeError,
      'contains a delimiter',
    )
    expect(() => encoded(delimiter({ delimiters: '--' }), [bytesOf('a-')])).to.throw(RangeError, 'whose end makes one')
    expect(() => encoded(delimiter({ delimiters: ['\n', '\r\n'] }), [bytesOf('a\r')])).to.throw(RangeError)
    expect(() => encoded(delimiter({ delimiters: ';', maxFrameLength: 3 }), [bytesOf('abc')])).to.throw(
      RangeError,
      '4 bytes',
    )
    expect(() => encoded(delimiter({ delimiters: ';' }), [undefined as unknown as Uint8Array])).to.throw(TypeError)
  })

  it('fails on a frame without end as soon as it is too long', () => {
    const decoder = delimiter({ delimiters: ';', maxFrameLength: 5 }).decoder()
    decoder.decode(bytesOf('abcd'), () => true)
    expect(() => {
      decoder.decode(bytesOf('e'), () => true)
    }).to.throw('5 bytes arrives')
  })

  it('takes a frame that is exactly as long as it may be', () => {
    check(
      fc.property(course, how => {
        expect(run(delimiter({ delimiters: '--', maxFrameLength: 5 }), bytesOf('abc--abc--'), how).fault).to.equal(
          undefined,
        )
        expect(run(delimiter({ delimiters: '--', maxFrameLength: 4 }), bytesOf('abc--'), how).fault).to.equal(
          'ERR_FRAME_TOO_LONG',
        )
      }),
    )
  })

  it('looks at each byte once, also when they come one by one, and copies each at most twice', () => {
    const looks = (size: number) => {
      let reads = 0
      const all = bytesOf('-'.repeat(size))
      const decoder = delimiter({ delimiters: ['--->', '-->-'], maxFrameLength: 1_000_000 }).decoder()
      const handled = work(() => {
        for (let at = 0; at < size; at += 1)
          decoder.decode(
            watched(all.subarray(at, at + 1), () => (reads += 1)),
            () => true,
          )
        decoder.decode(bytesOf('>-'), () => true)
      })
      return { reads, handled }
    }
    const { reads, handled } = looks(20_000)
    expect(reads).to.be.at.most(2 * 20_000)
    expect(handled).to.be.at.most(3 * 20_000)
  })

  it('is as new when its rest was taken', () => {
    const decoder = delimiter({ delimiters: '--' }).decoder()
    const told: Uint8Array[] = []
    decoder.decode(bytesOf('a-'), () => true)
    expect(decoder.rest()).to.deep.equal(bytesOf('a-'))
    decoder.decode(bytesOf('-b--'), packet => told.push(packet) > 0)
    expect(told).to.deep.equal([bytesOf('-b')])
  })

  it('says what is cut off at the end, emits or drops it', () => {
    const outcomes = (['error', 'emit', 'drop'] as const).map(tail =>
      run(delimiter({ delimiters: '--', tail }), bytesOf('a--b-')),
    )
    expect(outcomes.map(({ fault }) => fault)).to.deep.equal(['ERR_FRAME_TRUNCATED', undefined, undefined])
    expect(outcomes.map(({ packets }) => packets.map(packet => Buffer.from(packet).toString()))).to.deep.equal([
      ['a'],
      ['a', 'b-'],
      ['a'],
    ])
  })

  it('needs delimiters that are something', () => {
    for (const wrong of ['', [], ['a', ''], 5, [new Uint8Array()]]) {
      expect(() => delimiter({ delimiters: wrong } as DelimiterOptions), String(wrong)).to.throw('delimiters must be')
    }
    expect(() => delimiter({} as DelimiterOptions)).to.throw('delimiters must be')
  })
})

function packetsOf(options: DelimiterOptions, string: string): string[] {
  return run(delimiter(options), bytesOf(string)).packets.map(packet => Buffer.from(packet).toString())
}

function isSendable(send: () => void): boolean {
  try {
    send()
    return true
  } catch {
    return false
  }
}

function naive(
  bytes: Uint8Array,
  delimiters: readonly string[],
  limit: number,
  onOversize: 'error' | 'skip',
): Outcome<Uint8Array> {
  const packets: Uint8Array[] = []
  const skipped: number[] = []
  const outcome = (fault?: string) => ({ packets, skipped, fault })
  const all = Buffer.from(bytes).toString('latin1')
  const endings = delimiters.map(one => Buffer.from(one).toString('latin1')).sort((a, b) => b.length - a.length)
  let start = 0
  for (let end = 1; end <= all.length; end += 1) {
    const frame = all.slice(start, end)
    const ending = endings.find(one => frame.endsWith(one))
    if (frame.length > limit && onOversize === 'error') return outcome('ERR_FRAME_TOO_LONG')
    if (ending === undefined) continue
    if (frame.length > limit) skipped.push(frame.length)
    else packets.push(bytes.slice(start, end - ending.length))
    start = end
  }
  const left = all.length - start
  if (onOversize === 'error' && left >= limit) return outcome('ERR_FRAME_TOO_LONG')
  if (left >= limit) skipped.push(left)
  return outcome(left > 0 && onOversize === 'error' ? 'ERR_FRAME_TRUNCATED' : undefined)
}
