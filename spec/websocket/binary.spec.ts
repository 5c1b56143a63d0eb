import { expect } from 'chai'
import fc from 'fast-check'
import { pipe } from 'rxjs'
import { binary } from 'sluice/websocket'
import { framed, lengthField, lines, mapCodec, netstring, raw } from 'sluice/framing'
import { group } from 'sluice/pool'
import { copied, copiedBy } from '#src/connection/copied.js'
import { check } from '../support/property.js'
import { asked, played } from '../support/websocket/played.js'

describe('binary', () => {
  it('tells and sends bytes', () => {
    const { receive, inner, connection, packets } = played<Uint8Array>(binary())
    receive(Uint8Array.of(1, 2))
    receive(new Uint8Array())
    expect(packets).to.deep.equal([Uint8Array.of(1, 2), new Uint8Array()])
    inner.answer = false
    expect(connection.send(Uint8Array.of(3))).to.equal(false)
    expect(asked(inner)).to.deep.equal([Uint8Array.of(3)])
  })

  it('closes at a text', () => {
    const { receive, inner } = played(binary())
    receive('text')
    expect(asked(inner)).to.deep.equal(['destroy ERR_MESSAGE_KIND'])
  })

  it('throws at who sends anything else', () => {
    const { inner, connection } = played<unknown>(binary())
    expect(() => connection.send('text')).to.throw(TypeError, 'not string')
    expect(asked(inner)).to.deep.equal([])
  })

  it('says how much a connection copies', () => {
    const { inner, connection } = played(binary())
    expect(copiedBy(connection)).to.equal(0)
    Object.assign(inner, { [copied]: 64 })
    expect(copiedBy(connection)).to.equal(64)
  })

  describe('behind which packets are framed', () => {
    it('keeps what a WebSocket has', () => {
      const { inner, connection } = played<string>(pipe(binary(), framed(lines())))
      const context = { user: 'ada' }
      Object.assign(inner, { protocol: 'v1', context })
      expect([connection.protocol, Reflect.get(connection, 'context')]).to.deep.equal(['v1', context])
      connection.close({ code: 4000, detail: 'bye' })
      expect(asked(inner)).to.deep.equal([{ code: 4000, detail: 'bye' }])
    })

    it('sends each packet as one message', () => {
      check(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), packets => {
          for (const codec of [lengthField(), netstring()]) {
            const { inner, connection } = played<Uint8Array>(pipe(binary(), framed(codec)))
            for (const packet of packets) connection.send(packet)
            const frames = packets.map(packet => {
              const pieces: Uint8Array[] = []
              codec.encode(packet, piece => pieces.push(new Uint8Array(piece)))
              return new Uint8Array(Buffer.concat(pieces))
            })
            expect(asked(inner).map(bytes => new Uint8Array(bytes as Uint8Array))).to.deep.equal(frames)
          }
        }),
      )
    })

    it('answers what sending that message has answered', () => {
      const { inner, connection } = played<Uint8Array>(pipe(binary(), framed(lengthField())))
      inner.answer = false
      expect(connection.send(new Uint8Array(100))).to.equal(false)
    })

    it('takes messages as a stream of bytes, cut anywhere', () => {
      const { receive, packets } = played(pipe(binary(), framed(lines())))
      for (const message of ['one\ntw', 'o', '\n\n']) receive(Buffer.from(message))
      expect(packets).to.deep.equal(['one', 'two', ''])
    })

    it('sends nothing of a packet that can’t be encoded, and goes on', () => {
      const half = mapCodec(raw(), String, (text: string) => new TextEncoder().encode(text))
      const codec = {
        ...half,
        encode(packet: string, write: (bytes: Uint8Array) => void) {
          half.encode(packet, write)
          if (packet === 'bad') throw new TypeError('bad')
        },
      }
      const { inner, connection } = played<string>(pipe(binary(), framed(codec)))
      expect(() => connection.send('bad')).to.throw('bad')
      connection.send('good')
      expect(asked(inner).map(String)).to.deep.equal([String(new TextEncoder().encode('good'))])
    })

    it('sends what is for all as one message to each', () => {
      const { events, inner } = played(binary())
      const room = group(events.pipe(binary(), framed(lengthField())))
      room.subscribe()
      events.next({ type: 'open', connection: inner, session: 1 })
      expect(room.broadcast(new Uint8Array(2_000))).to.deep.equal({ taken: 1, missed: 0 })
      expect(asked(inner).map(bytes => (bytes as Uint8Array).length)).to.deep.equal([2_004])
    })
  })
})
