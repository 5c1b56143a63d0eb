import { expect } from 'chai'
import fc from 'fast-check'
import { check } from '../support/property.js'
import { withRawPeer, shownPacket, type Packet, type RawPeerOptions } from '../support/websocket/raw-peer.js'

/** Lengths at which something changes: in the header, in what is copied and what is kept, in how a text is written. */
const lengths = fc.oneof(
  fc.constantFrom(0, 1, 125, 126, 127, 1_009, 1_010, 1_011, 1_020, 1_021, 1_023, 1_024, 1_025, 65_535, 65_536),
  fc.integer({ min: 330, max: 345 }),
  fc.integer({ min: 0, max: 3_000 }),
)

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.tuple(fc.constantFrom('x', 'é', '€', '𝄞', '\ud834'), lengths).map(([letter, count]) => letter.repeat(count)),
  fc.tuple(fc.integer({ min: 0, max: 255 }), lengths).map(([byte, count]) => new Uint8Array(count).fill(byte)),
  fc.record({ type: fc.constantFrom('ping', 'pong'), data: fc.uint8Array({ maxLength: 125 }) }),
)

for (const role of ['server', 'client'] as const) {
  describe(`Writing messages, as a ${role}`, () => {
    for (const copies of [0, 1_024, 65_536]) {
      it(`is in order and as it was meant, over a wire that copies ${copies} bytes`, () => {
        check(
          fc.property(fc.array(packet, { maxLength: 12 }), packets => {
            withRawPeer(role, { copies, maxBuffered: Infinity, highWaterMark: Infinity }, peer => {
              for (const each of packets) expect(peer.connection.send(each)).to.equal(true)
              expect(peer.heard).to.deep.equal(packets.map(each => shownPacket(wellFormed(each))))
              expect(peer.connection.bytesAccepted).to.equal(peer.bytes.length)
              peer.wire.drain()
              expect(peer.connection.bufferedAmount).to.equal(0)
            })
          }),
          200,
        )
      })

      it(`leaves bytes that were sent as they were, over a wire that copies ${copies} bytes`, () => {
        withRawPeer(role, { copies }, peer => {
          for (const length of [1, 100, 1_000, 2_000]) {
            const bytes = new Uint8Array(length).fill(7)
            peer.connection.send(bytes)
            expect(new Set(bytes)).to.deep.equal(new Set([7]))
          }
        })
      })
    }

    it('refuses what is no message, and stays open', () => {
      withRawPeer(role, {}, peer => {
        for (const wrong of [undefined, null, 1, {}, [1], { type: 'ping' }, { type: 'close', data: new Uint8Array() }])
          expect(() => peer.connection.send(wrong as unknown as Packet)).to.throw(TypeError)
        expect(peer.connection.state).to.equal('open')
        expect(peer.connection.send('one')).to.equal(true)
        expect(peer.heard).to.deep.equal(['text one'])
      })
    })

    it('is answered false from the high mark on, and drains at the low one', () => {
      withRawPeer(role, { highWaterMark: 1_000, lowWaterMark: 100 }, peer => {
        expect(peer.connection.send('x'.repeat(500))).to.equal(true)
        expect(peer.connection.send('x'.repeat(500))).to.equal(false)
        expect(peer.told).to.deep.equal([])
        peer.wire.drain()
        expect(peer.told).to.deep.equal(['drain'])
      })
    })

    for (const copies of [0, 1_024, 65_536]) {
      it(`keeps frames whole, though a drain comes in the middle of one, over a wire that copies ${copies} bytes`, () => {
        for (let before = 1_900; before < 2_010; before += 1) {
          const react: RawPeerOptions['react'] = ({ type }, { connection }) => {
            if (type === 'drain') connection.send({ type: 'ping', data: Buffer.from('inside') })
          }
          const marks = { highWaterMark: 1_000, lowWaterMark: 500 }
          withRawPeer(role, { react, copies, takes: 2_000, ...marks }, peer => {
            peer.connection.send(new Uint8Array(before))
            peer.connection.send(new Uint8Array(100))
            expect(peer.heard.filter(words => words === 'ping inside')).to.have.length(peer.told.length)
            expect(
              peer.frames
                .map(({ payload }) => payload.length)
                .sort((a, b) => b - a)
                .slice(0, 2),
            ).to.deep.equal([before, 100])
          })
        }
      })
    }

    it('beyond maxBuffered is the end', () => {
      withRawPeer(role, { highWaterMark: 1_000, maxBuffered: 1_000 }, peer => {
        expect(peer.connection.send('x'.repeat(1_001))).to.equal(false)
        expect(peer.heard).to.deep.equal([])
        expect(peer.told).to.deep.equal(['close error 1006 ERR_SEND_OVERFLOW', 'error ERR_SEND_OVERFLOW'])
      })
    })
  })
}

/** As it arrives: half a character is none. */
function wellFormed(packet: Packet): Packet {
  return typeof packet === 'string' ? Buffer.from(packet).toString() : packet
}
