import { expect } from 'chai'
import fc from 'fast-check'
import { lengthField, type LengthFieldOptions } from 'sluice/framing'
import { atOnce, course, encoded, run, type Outcome, withoutHandingOver, work } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

const packets = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 20 })

/** Every form in which the field counts the packet, its header, or a part of it. */
const shapes: fc.Arbitrary<LengthFieldOptions> = fc
  .record({
    lengthFieldOffset: fc.constantFrom(0, 1, 5, 70),
    lengthFieldLength: fc.constantFrom<2 | 3 | 4 | 8>(2, 3, 4, 8),
    byteOrder: fc.constantFrom<'big' | 'little'>('big', 'little'),
    countsHeader: fc.boolean(),
    furtherHeader: fc.constantFrom(0, 3),
  })
  .map(({ countsHeader, furtherHeader, ...options }) => {
    const header = options.lengthFieldOffset + options.lengthFieldLength
    return { ...options, lengthAdjustment: countsHeader ? -header : furtherHeader, stripBytes: header + furtherHeader }
  })

describe('lengthField', () => {
  it('puts four bytes of length in front of a packet, the highest first', () => {
    expect(encoded(lengthField(), [Buffer.from('hello')])).to.deep.equal(Buffer.from('\0\0\0\x05hello'))
  })

  it('decodes what it has encoded, whatever its parameters, however it is cut and taken', () => {
    check(
      fc.property(shapes, packets, course, (options, sent, how) => {
        const codec = lengthField(options)
        expect(run(codec, encoded(codec, sent), how)).to.deep.equal({ packets: sent, skipped: [], fault: undefined })
      }),
      300,
    )
  })

  it('does to damaged bytes what a naive decoder does', () => {
    const options = { lengthFieldLength: 2, maxFrameLength: 400 } as const
    const codec = lengthField(options)
    check(
      fc.property(damaged(packets.map(sent => encoded(codec, sent))), course, (bytes, how) => {
        expect(run(codec, bytes, how)).to.deep.equal(naive(bytes, 400, 'error'))
      }),
      500,
    )
  })

  it('leaves out what is too long of damaged bytes, as a naive decoder does', () => {
    const codec = lengthField({ lengthFieldLength: 2, maxFrameLength: 100, onOversize: 'skip', tail: 'drop' })
    const long = lengthField({ lengthFieldLength: 2 })
    check(
      fc.property(damaged(packets.map(sent => encoded(long, sent))), course, (bytes, how) => {
        expect(run(codec, bytes, withoutHandingOver(how))).to.deep.equal(naive(bytes, 100, 'skip'))
      }),
      500,
    )
  })

  it('strips what it is told to, and sends what it would have stripped', () => {
    // Two bytes of magic, the length of all, a type: told are the length, the type and the body.
    const codec = lengthField({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: -3, stripBytes: 2 })
    expect(run(codec, Buffer.from('MM\x06Tab')).packets).to.deep.equal([Buffer.from('\x06Tab')])
    expect(encoded(codec, [Buffer.from('?Tab')])).to.deep.equal(Buffer.from('\0\0\x06Tab'))
  })

  it('leaves the header on where nothing is stripped, and fills in the length of what is sent', () => {
    const codec = lengthField({ lengthFieldLength: 2, stripBytes: 0 })
    expect(run(codec, Buffer.from('\0\x02ab\0\0')).packets).to.deep.equal([
      Buffer.from('\0\x02ab'),
      Buffer.from('\0\0'),
    ])
    expect(encoded(codec, [Buffer.from('??ab')])).to.deep.equal(Buffer.from('\0\x02ab'))
    expect(() => encoded(codec, [Buffer.from('?')])).to.throw(RangeError, 'header')
  })

  it('counts in whatever unit it is taught', () => {
    const codec = lengthField({
      lengthFieldOffset: 1,
      lengthFieldLength: 1,
      computeFrameSize: (header, words) => header.length + words * (header[0] === 0x34 ? 4 : 2),
      computeLength: size => (size - 2) / 2,
    })
    expect(run(codec, Buffer.from('4\x01abcd2\x01ef')).packets).to.deep.equal([Buffer.from('abcd'), Buffer.from('ef')])
    expect(encoded(codec, [Buffer.from('abcd')])).to.deep.equal(Buffer.from('\0\x02abcd'))
    expect(() => encoded(codec, [Buffer.from('abc')])).to.throw(RangeError, '1.5')
  })

  it('needs the inverse of a computed size to send', () => {
    const codec = lengthField({ computeFrameSize: (_, length) => length + 4 })
    expect(run(codec, Buffer.from('\0\0\0\x01a')).packets).to.have.length(1)
    expect(() => encoded(codec, [Buffer.from('a')])).to.throw(TypeError, 'computeLength')
  })

  it('takes a frame that is exactly as long as it may be', () => {
    const codec = lengthField({ lengthFieldLength: 2, maxFrameLength: 5 })
    const sent = [Uint8Array.of(1, 2, 3)]
    for (const cuts of [[1], [5]])
      expect(run(codec, encoded(codec, sent), { ...atOnce, cuts })).to.deep.equal({
        packets: sent,
        skipped: [],
        fault: undefined,
      })
  })

  it('takes packets of no bytes, as many as there are', () => {
    const flood = new Uint8Array(40_000)
    const { packets } = run(lengthField(), flood)
    expect(packets).to.have.length(10_000)
    expect(packets.every(packet => packet.length === 0)).to.equal(true)
  })

  it('knows lengths of eight bytes, and is not fooled by huge ones', () => {
    for (const byteOrder of ['big', 'little'] as const) {
      const codec = lengthField({ lengthFieldLength: 8, byteOrder, onOversize: 'skip' })
      const head = (length: bigint) => {
        const bytes = Buffer.alloc(8)
        if (byteOrder === 'big') bytes.writeBigUInt64BE(length)
        else bytes.writeBigUInt64LE(length)
        return bytes
      }
      expect(run(codec, Buffer.concat([head(1n), Buffer.from('a')])).packets).to.deep.equal([Buffer.from('a')])
      for (const length of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 9n]) {
        expect(run(codec, Buffer.concat([head(length), Buffer.from('a')])).fault, String(length)).to.equal(
          'ERR_FRAME_TOO_LONG',
        )
      }
      expect(run(codec, head(2n ** 40n)).skipped).to.deep.equal([2 ** 40 + 8])
    }
  })

  it('fails on a length that is too long before it has any of its bytes, and names it and the limit', () => {
    const decoder = lengthField({ maxFrameLength: 1000 }).decoder()
    const decode = () => {
      decoder.decode(Uint8Array.of(0xff, 0xff, 0xff, 0xff), () => true)
    }
    expect(decode).to.throw('4294967299 bytes arrives, more than the 1000 of maxFrameLength')
  })

  it('fails on a length that is less than its own header', () => {
    const counting = { lengthFieldLength: 2, lengthAdjustment: -2 } as const
    expect(run(lengthField(counting), Uint8Array.of(0, 2, 0, 1)).fault).to.equal('ERR_FRAME_MALFORMED')
    expect(run(lengthField(counting), Uint8Array.of(0, 2, 0, 1)).packets).to.deep.equal([new Uint8Array()])
  })

  it('fails on a length that is less than what is stripped', () => {
    expect(run(lengthField({ lengthFieldLength: 1, stripBytes: 3 }), Uint8Array.of(1, 0)).fault).to.equal(
      'ERR_FRAME_MALFORMED',
    )
  })

  for (const wrong of [NaN, -1, 3.5]) {
    it(`fails on a computed size of ${wrong}`, () => {
      expect(run(lengthField({ computeFrameSize: () => wrong }), new Uint8Array(8)).fault).to.equal(
        'ERR_FRAME_MALFORMED',
      )
    })
  }

  it('is of no use after a fault: it tells the same again, and nothing else', () => {
    const decoder = lengthField({ lengthFieldLength: 1, maxFrameLength: 3 }).decoder()
    const told: Uint8Array[] = []
    const decode = (bytes: Uint8Array) => () => {
      decoder.decode(bytes, packet => told.push(packet) > 0)
    }
    expect(decode(Uint8Array.of(1, 7, 9, 1, 7))).to.throw('maxFrameLength')
    expect(decode(Uint8Array.of(1, 7))).to.throw('maxFrameLength')
    expect(decode(new Uint8Array())).to.throw('maxFrameLength')
    expect(told).to.deep.equal([Uint8Array.of(7)])
  })

  it('says what is cut off at the end, emits or drops it', () => {
    const cut = Uint8Array.of(0, 1, 7, 0, 3, 8)
    const outcomes = (['error', 'emit', 'drop'] as const).map(tail =>
      run(lengthField({ lengthFieldLength: 2, tail }), cut),
    )
    expect(outcomes.map(({ fault }) => fault)).to.deep.equal(['ERR_FRAME_TRUNCATED', undefined, undefined])
    expect(outcomes.map(({ packets }) => packets.map(packet => [...packet]))).to.deep.equal([[[7]], [[7], [8]], [[7]]])
  })

  it('is cut off within a frame that is left out as within any other', () => {
    const outcomes = (['error', 'emit', 'drop'] as const).map(tail =>
      run(
        lengthField({ lengthFieldLength: 1, maxFrameLength: 3, onOversize: 'skip', tail }),
        Uint8Array.of(1, 7, 9, 1),
      ),
    )
    expect(outcomes.map(({ fault }) => fault)).to.deep.equal(['ERR_FRAME_TRUNCATED', undefined, undefined])
    for (const { packets, skipped } of outcomes)
      expect({ packets, skipped }).to.deep.equal({ packets: [Uint8Array.of(7)], skipped: [10] })
  })

  it('has only what is behind a frame that is left out as its rest', () => {
    const decoder = lengthField({ lengthFieldLength: 1, maxFrameLength: 3, onOversize: 'skip' }).decoder({
      skipped: () => false,
      more: () => undefined,
    })
    decoder.decode(Uint8Array.of(5, 1, 2, 3, 4, 5, 1, 7), () => true)
    expect([...decoder.rest()]).to.deep.equal([1, 7])
  })

  it('copies each byte a few times only, also when a long header comes byte by byte', () => {
    const codec = lengthField({ lengthFieldOffset: 20_000 })
    const bytes = encoded(codec, [new Uint8Array(1_000)])
    const packets: Uint8Array[] = []
    const copied = work(() => {
      const decoder = codec.decoder()
      for (let at = 0; at < bytes.length; at += 1)
        decoder.decode(bytes.subarray(at, at + 1), packet => packets.push(packet) > 0)
    })
    expect(packets).to.deep.equal([new Uint8Array(1_000)])
    expect(copied).to.be.at.most(3 * bytes.length)
  })

  it('refuses to send what is too long for its limit or its field', () => {
    expect(() => encoded(lengthField({ maxFrameLength: 8 }), [new Uint8Array(5)])).to.throw(RangeError, '9 bytes')
    expect(() => encoded(lengthField({ lengthFieldLength: 1 }), [new Uint8Array(256)])).to.throw(RangeError, '256')
    expect(encoded(lengthField({ lengthFieldLength: 1 }), [new Uint8Array(255)])).to.have.length(256)
  })

  it('refuses to send what is no bytes', () => {
    expect(() => encoded(lengthField(), ['text' as unknown as Uint8Array])).to.throw(TypeError, 'string')
  })

  it('gives away no array that it writes into again', () => {
    const codec = lengthField({ lengthFieldOffset: 100, lengthFieldLength: 1 })
    const pieces: Uint8Array[] = []
    codec.encode(Uint8Array.of(1), bytes => pieces.push(bytes))
    codec.encode(Uint8Array.of(1, 2), bytes => pieces.push(bytes))
    expect(pieces.map(piece => piece.length)).to.deep.equal([101, 1, 101, 2])
    expect(pieces[0]?.[100]).to.equal(1)
  })

  it('names all that is wrong with its options', () => {
    const wrong = { lengthFieldLength: 5, maxFrameLength: 0, bytes: 1 } as unknown as LengthFieldOptions
    expect(() => lengthField(wrong)).to.throw(/lengthFieldLength .*; maxFrameLength .*; bytes is not an option/)
    expect(() => lengthField({ maxFrameLength: 3 })).to.throw('a header of 4 bytes')
    const short = { lengthFieldOffset: 100, maxFrameLength: 10, tail: 'x' } as unknown as LengthFieldOptions
    expect(() => lengthField(short)).to.throw(/maxFrameLength must have room for a header of 104 bytes, not 10; tail /)
    expect(() => lengthField({ stripBytes: 11, maxFrameLength: 10 })).to.throw('maxFrameLength, which is 10, not 11')
    expect(() => lengthField({ stripBytes: 2 ** 20 + 1 })).to.throw('maxFrameLength, which is 1048576')
  })

  it('needs no option', () => {
    expect(run(lengthField(), new Uint8Array(), atOnce)).to.deep.equal({ packets: [], skipped: [], fault: undefined })
  })
})

/** Two bytes of length, read with all bytes at hand. */
function naive(all: Uint8Array, limit: number, onOversize: 'error' | 'skip'): Outcome<Uint8Array> {
  const bytes = Buffer.from(all)
  const packets: Uint8Array[] = []
  const skipped: number[] = []
  let at = 0
  while (bytes.length - at >= 2) {
    const size = bytes.readUInt16BE(at) + 2
    if (size > limit) {
      if (onOversize === 'error') return { packets, skipped, fault: 'ERR_FRAME_TOO_LONG' }
      skipped.push(size)
    } else if (size > bytes.length - at) break
    else packets.push(new Uint8Array(bytes.subarray(at + 2, at + size)))
    at += size
  }
  return { packets, skipped, fault: at < bytes.length && onOversize === 'error' ? 'ERR_FRAME_TRUNCATED' : undefined }
}
