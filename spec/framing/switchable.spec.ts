import { expect } from 'chai'
import fc from 'fast-check'
import { delimiter, lengthField, lines, raw, switchable } from 'sluice/framing'
import { course, encoded, run } from '../support/decoding.js'
import { check } from '../support/property.js'

type Packet = string | Uint8Array

const dot = delimiter({ delimiters: '\r\n.\r\n' })
const text = lines()

/** A mail server's side: after its 354 comes a body. */
const smtp = switchable<Packet, string>(text, {
  sent: reply => (reply.startsWith('354') ? { receive: dot } : undefined),
  received: packet => (typeof packet === 'string' ? undefined : { receive: text }),
})

/** Lines, but behind a line that is a number come so many bytes in a frame. */
const mixed = switchable<Packet>(text, {
  received(packet) {
    if (typeof packet !== 'string') return { receive: text }
    return packet === 'frame' ? { receive: lengthField({ lengthFieldLength: 1 }) } : undefined
  },
})

const shown = (packets: readonly Packet[]) => packets.map(packet => (typeof packet === 'string' ? packet : [...packet]))

describe('switchable', () => {
  it('goes on with another codec behind the packet that says so, without losing a byte', () => {
    const stream = fc.array(
      fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), fc.uint8Array({ maxLength: 255 })),
      { maxLength: 12 },
    )
    check(
      fc.property(stream, course, (sent, how) => {
        const bytes = Buffer.concat(
          sent.map(packet =>
            typeof packet === 'string'
              ? Buffer.from(`${packet}\n`)
              : Buffer.concat([Buffer.from('frame\n'), Buffer.of(packet.length), packet]),
          ),
        )
        const expected = sent.flatMap(packet => (typeof packet === 'string' ? [packet] : ['frame', packet]))
        expect(run(mixed(), bytes, how)).to.deep.equal({ packets: expected, skipped: [], fault: undefined })
      }),
      300,
    )
  })

  it('follows what was sent, also while a packet is being told', () => {
    const codec = smtp()
    const told: Packet[] = []
    codec.decoder().decode(Buffer.from('DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n'), packet => {
      told.push(packet)
      if (packet === 'DATA') expect(encoded(codec, ['354 go ahead'])).to.deep.equal(Buffer.from('354 go ahead\n'))
      return true
    })
    expect(told).to.deep.equal(['DATA', Buffer.from('Subject: x\r\n\r\nhello'), 'QUIT'])
  })

  it('stays as it is where the packet that switches is not sent', () => {
    const codec = smtp()
    const told: Packet[] = []
    codec.decoder().decode(Buffer.from('DATA\r\nNOOP\r\n'), packet => {
      told.push(packet)
      encoded(codec, ['503 first say who you are'])
      return true
    })
    expect(told).to.deep.equal(['DATA', 'NOOP'])
  })

  it('goes on with bytes that had already come when a packet is sent, and asks to be called for them', () => {
    const codec = smtp()
    const told: Packet[] = []
    let asked = 0
    const decoder = codec.decoder({ skipped: () => true, more: () => (asked += 1) })
    const emit = (packet: Packet) => told.push(packet) > 0
    decoder.decode(Buffer.from('DATA\r\nbody\r\n.\r'), packet => {
      emit(packet)
      return packet !== 'DATA'
    })
    expect(told).to.deep.equal(['DATA'])
    encoded(codec, ['354 go ahead'])
    expect(asked).to.equal(1)
    decoder.decode(new Uint8Array(), emit)
    decoder.decode(Buffer.from('\n'), emit)
    expect(shown(told)).to.deep.equal(['DATA', [...Buffer.from('body')]])
  })

  it('switches what is sent as well', () => {
    const codec = switchable<Packet>(text, { received: packet => (packet === '101' ? raw() : undefined) })()
    expect(encoded(codec, ['GET /'])).to.deep.equal(Buffer.from('GET /\n'))
    const told: Packet[] = []
    codec.decoder().decode(Buffer.from('101\n\0\x01\x02'), packet => {
      told.push(packet)
      if (packet === '101') expect(encoded(codec, [Uint8Array.of(7)])).to.deep.equal(Buffer.of(7))
      return true
    })
    expect(shown(told)).to.deep.equal(['101', [0, 1, 2]])
    expect(() => encoded(codec, ['GET /'])).to.throw(TypeError)
  })

  it('may read and send in different ways from the start', () => {
    const proxied = switchable<Packet, string>(
      { receive: lengthField({ lengthFieldLength: 1 }), send: text },
      { received: () => ({ receive: text }) },
    )()
    expect(shown(run(proxied, Buffer.from('\x02hihello\n')).packets)).to.deep.equal([[104, 105], 'hello'])
    expect(encoded(proxied, ['a'])).to.deep.equal(Buffer.from('a\n'))
  })

  it('has a state of its own for each connection', () => {
    const [one, other] = [smtp(), smtp()]
    one.decoder()
    other.decoder()
    encoded(one, ['354 go ahead'])
    expect(run(other, Buffer.from('a\nb\n')).packets).to.deep.equal(['a', 'b'])
  })

  it('ends as the codec of the moment does', () => {
    expect(run(mixed(), Buffer.from('a\nb')).packets).to.deep.equal(['a', 'b'])
    expect(run(mixed(), Buffer.from('frame\n\x05ab')).fault).to.equal('ERR_FRAME_TRUNCATED')
    const last = switchable<Packet>(text, {
      received: packet => (packet === 'frame' ? { receive: lengthField() } : undefined),
    })
    expect(run(last(), Buffer.from('frame'))).to.deep.equal({ packets: ['frame'], skipped: [], fault: undefined })
  })

  it('hands out the bytes that no codec has decoded', () => {
    const decoder = mixed().decoder()
    decoder.decode(Buffer.from('frame\n\x03ab'), () => false)
    expect([...decoder.rest()]).to.deep.equal([3, 97, 98])
    expect(decoder.rest()).to.have.length(0)
  })
})
