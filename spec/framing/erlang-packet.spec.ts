import { expect } from 'chai'
import fc from 'fast-check'
import { erlangPacket, type ErlangPacketMode } from 'sluice/framing'
import { course, encoded, run, type Outcome } from '../support/decoding.js'
import { check, damaged } from '../support/property.js'

const bytes = (...values: readonly (number | string)[]) =>
  new Uint8Array(
    Buffer.concat(values.map(value => (typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.of(value)))),
  )

const word = (value: number) => [value >> 8, value & 0xff] as const

/** How each kind makes a whole packet of a body. */
const packetOf: Readonly<
  Record<'line' | 'tpkt' | 'asn1' | 'cdr' | 'sunrm' | 'fcgi', (body: Uint8Array, variant: number) => Uint8Array>
> = {
  line: body => Buffer.concat([body.filter(byte => byte !== 0x0a), bytes('\n')]),
  tpkt: body => Buffer.concat([bytes(3, 0, ...word(body.length + 4)), body]),
  sunrm: (body, variant) => Buffer.concat([bytes(variant % 2 === 0 ? 0x80 : 0, 0, ...word(body.length)), body]),
  fcgi: (body, variant) =>
    Buffer.concat([bytes(1, 7, 0, 1, ...word(body.length), variant % 8, 0), body, Buffer.alloc(variant % 8)]),
  cdr(body, variant) {
    const size = variant % 2 === 0 ? [0, 0, ...word(body.length)] : [0, 0, ...word(body.length)].reverse()
    return Buffer.concat([bytes('GIOP', 1, 1, variant % 2, 0, ...size), body])
  },
  asn1(body, variant) {
    const tag =
      [[0x30], [0x1f, 0x05], [0x7f, 0x81, 0x82, 0x03], [0x3f, 0x81, 0x82, 0x83, 0x84, 0x05]][variant % 4] ?? []
    const length = body.length < 128 && variant < 4 ? [body.length] : [0x83, 0, ...word(body.length)]
    return Buffer.concat([bytes(...tag, ...length), body])
  },
}

describe('erlangPacket', () => {
  for (const mode of [1, 2, 4] as const) {
    it(`${mode}: puts that many bytes of length in front, and takes them off`, () => {
      const codec = erlangPacket(mode)
      expect(encoded(codec, [bytes('hello')])).to.deep.equal(
        Buffer.from(bytes(...Array<number>(mode - 1).fill(0), 5, 'hello')),
      )
      check(
        fc.property(fc.array(fc.uint8Array({ maxLength: 255 })), course, (sent, how) => {
          expect(run(codec, encoded(codec, sent), how)).to.deep.equal({ packets: sent, skipped: [], fault: undefined })
        }),
      )
    })
  }

  for (const mode of ['raw', 0] as const) {
    it(`${mode}: has no packets`, () => {
      expect(
        run(erlangPacket(mode), bytes('abc'), { cuts: [2], answers: [true], then: 'go on' }).packets,
      ).to.deep.equal([bytes('ab'), bytes('c')])
      expect(encoded(erlangPacket(mode), [bytes('abc')])).to.deep.equal(Buffer.from('abc'))
    })
  }

  for (const [mode, whole] of Object.entries(packetOf) as [
    keyof typeof packetOf,
    (body: Uint8Array, variant: number) => Uint8Array,
  ][]) {
    it(`${mode}: tells whole packets, and sends them as they are`, () => {
      const packets = fc.array(
        fc
          .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(8))
          .map(([body, variant]) => new Uint8Array(whole(body, variant))),
      )
      check(
        fc.property(packets, course, (sent, how) => {
          const codec = erlangPacket(mode)
          expect(encoded(codec, sent)).to.deep.equal(Buffer.concat(sent))
          expect(run(codec, Buffer.concat(sent), how)).to.deep.equal({ packets: sent, skipped: [], fault: undefined })
        }),
        200,
      )
    })

    it(`${mode}: fails on a packet that is too long`, () => {
      const packet = whole(new Uint8Array(200), 0)
      expect(run(erlangPacket(mode, { maxFrameLength: packet.length }), packet).fault).to.equal(undefined)
      expect(run(erlangPacket(mode, { maxFrameLength: packet.length - 1 }), packet).fault).to.equal(
        'ERR_FRAME_TOO_LONG',
      )
    })
  }

  for (const mode of ['tpkt', 'asn1', 'cdr', 'sunrm', 'fcgi'] as const) {
    it(`${mode}: does to damaged bytes what a naive decoder does`, () => {
      const packet = fc
        .tuple(fc.uint8Array({ maxLength: 90 }), fc.nat(8))
        .map(([body, variant]) => packetOf[mode](body, variant))
      const sent = fc.array(packet, { maxLength: 12 }).map(packets => new Uint8Array(Buffer.concat(packets)))
      check(
        fc.property(damaged(sent), course, (input, how) => {
          expect(run(erlangPacket(mode, { maxFrameLength: 80 }), input, how)).to.deep.equal(naive(mode, input, 80))
        }),
        500,
      )
    })
  }

  const wrong: readonly (readonly [ErlangPacketMode, string, Uint8Array])[] = [
    ['tpkt', 'another version', bytes(2, 0, 0, 4)],
    ['tpkt', 'a length less than the header', bytes(3, 0, 0, 3)],
    ['cdr', 'another protocol', bytes('GIOX')],
    ['cdr', 'another protocol from the first byte', bytes('g')],
    ['fcgi', 'another version', bytes(2)],
    ['asn1', 'an indefinite length', bytes(0x30, 0x80, 0, 0)],
    ['asn1', 'a length of five bytes', bytes(0x30, 0x85, 0, 0, 0, 0, 0)],
    ['asn1', 'a tag without end', new Uint8Array(100).fill(0xff)],
  ]
  for (const [mode, what, input] of wrong) {
    it(`${mode}: fails on ${what}`, () => {
      expect(run(erlangPacket(mode), input).fault).to.equal('ERR_FRAME_MALFORMED')
      expect(run(erlangPacket(mode), input, { cuts: [1], answers: [true], then: 'go on' }).fault).to.equal(
        'ERR_FRAME_MALFORMED',
      )
    })
  }

  for (const [mode, input] of [
    ['sunrm', bytes(0xff, 0xff, 0xff, 0xff)],
    ['cdr', bytes('GIOP', 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)],
    ['asn1', bytes(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)],
  ] as const) {
    it(`${mode}: fails on the largest length there can be`, () => {
      expect(run(erlangPacket(mode), input).fault).to.equal('ERR_FRAME_TOO_LONG')
    })
  }

  it('line: takes a last line without LF', () => {
    expect(run(erlangPacket('line'), bytes('a\nb')).packets).to.deep.equal([bytes('a\n'), bytes('b')])
  })

  it('knows no other kind', () => {
    expect(() => erlangPacket('http' as ErlangPacketMode)).to.throw("mode must be one of 'tpkt'")
    expect(() => erlangPacket(2, { maxFrameLength: -1 })).to.throw('maxFrameLength')
  })
})

/** How many bytes the first packet has, header included; or that its header is not all there, or can't be one. */
const sizeOf: Readonly<
  Record<'tpkt' | 'asn1' | 'cdr' | 'sunrm' | 'fcgi', (left: Buffer) => number | 'more' | 'wrong'>
> = {
  tpkt(left) {
    if (left[0] !== 3) return 'wrong'
    if (left.length < 4) return 'more'
    const size = left.readUInt16BE(2)
    return size < 4 ? 'wrong' : size
  },
  sunrm: left => (left.length < 4 ? 'more' : (left.readUInt32BE(0) % 2 ** 31) + 4),
  fcgi(left) {
    if (left[0] !== 1) return 'wrong'
    return left.length < 8 ? 'more' : 8 + left.readUInt16BE(4) + left.readUInt8(6)
  },
  cdr(left) {
    if (!'GIOP'.startsWith(left.toString('latin1', 0, 4))) return 'wrong'
    if (left.length < 12) return 'more'
    return 12 + (left.readUInt8(6) % 2 === 1 ? left.readUInt32LE(8) : left.readUInt32BE(8))
  },
  asn1(left) {
    const text = left.toString('latin1')
    const long = left.readUInt8(0) % 32 === 31
    if (long && /^.[\x80-\xff]{0,4}$/s.test(text)) return 'more'
    const tag = (long ? /^.[\x80-\xff]{0,4}[\0-\x7f]/s : /^./s).exec(text)?.[0].length
    if (tag === undefined) return 'wrong'
    if (left.length === tag) return 'more'
    const length = left.readUInt8(tag)
    if (length < 128) return tag + 1 + length
    const bytesOfLength = length - 128
    if (bytesOfLength === 0 || bytesOfLength > 4) return 'wrong'
    if (left.length < tag + 1 + bytesOfLength) return 'more'
    return tag + 1 + bytesOfLength + left.readUIntBE(tag + 1, bytesOfLength)
  },
}

function naive(mode: keyof typeof sizeOf, input: Uint8Array, limit: number): Outcome<Uint8Array> {
  const packets: Uint8Array[] = []
  const outcome = (fault?: string) => ({ packets, skipped: [], fault })
  let left = Buffer.from(input)
  while (left.length > 0) {
    const size = sizeOf[mode](left)
    if (size === 'wrong') return outcome('ERR_FRAME_MALFORMED')
    if (size === 'more') return outcome('ERR_FRAME_TRUNCATED')
    if (size > limit) return outcome('ERR_FRAME_TOO_LONG')
    if (size > left.length) return outcome('ERR_FRAME_TRUNCATED')
    packets.push(new Uint8Array(left.subarray(0, size)))
    left = left.subarray(size)
  }
  return outcome()
}
