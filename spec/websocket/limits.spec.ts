import { expect } from 'chai'
import { memoryTaken } from '../support/memory-taken.js'
import { withRawPeer, type RawPeer, type RawPeerOptions } from '../support/websocket/raw-peer.js'
import {
  BINARY,
  TEXT,
  binary,
  bytesOf,
  close,
  continuation,
  fragments,
  ping,
  pong,
  text,
  type RawFrame,
} from '../support/websocket/raw-frame.js'

const KiB = 1024
const MiB = 1024 * KiB

for (const role of ['server', 'client'] as const) {
  describe(`Limits of what comes (RFC 6455 §10.4), as a ${role}`, () => {
    const play = (options: RawPeerOptions, act: (peer: RawPeer) => void): void => {
      withRawPeer(role, options, act)
    }

    const refused = (error: string): string[] => [`close error 1006 ${error}`, `error ${error}`]

    const end = (peer: RawPeer): readonly string[] => {
      peer.wire.finish()
      peer.pass(10_000)
      return peer.told
    }

    /** Only the header of a frame. */
    const header = (frame: RawFrame): Uint8Array => {
      const bytes = bytesOf({ ...frame, payload: '' }, role === 'server')
      return bytes
    }

    describe('of how long a message may be', () => {
      for (const [maxPayload, length] of [
        [10, 11],
        [125, 126],
        [1_000, 1_001],
        [65_535, 65_536],
        [MiB, MiB + 1],
        [MiB, 2 ** 31],
        [MiB, 2 ** 32],
        [MiB, 2 ** 53 - 1],
      ] as const) {
        it(`are told 1009 by the header alone: ${length} where ${maxPayload} may be`, () => {
          for (const opcode of [TEXT, BINARY]) {
            play({ maxPayload }, peer => {
              peer.sends(header({ opcode, length }))
              expect(peer.heard).to.deep.equal(['close 1009'])
              expect(end(peer)).to.deep.equal(refused('ERR_MESSAGE_TOO_LONG'))
            })
          }
        })
      }

      it('holds for the longest length that there can be', () => {
        play({ maxPayload: MiB }, peer => {
          peer.sends(header(binary('', { length: 2n ** 63n - 1n })))
          expect(peer.heard).to.deep.equal(['close 1009'])
        })
      })

      it('lets through what is just as long', () => {
        for (const maxPayload of [1, 125, 126, 65_535, 65_536]) {
          play({ maxPayload }, peer => {
            peer.sends(text('x'.repeat(maxPayload)), ...fragments(TEXT, '', 'x'.repeat(maxPayload), ''))
            expect(peer.told).to.deep.equal(new Array(2).fill(`text ${'x'.repeat(maxPayload)}`.trim()))
          })
        }
      })

      it('holds for all fragments together, by the header of the one that is too much', () => {
        play({ maxPayload: 10 }, peer => {
          peer.sends(text('12345', { fin: false }), continuation('67890', { fin: false }))
          expect(peer.heard).to.deep.equal([])
          peer.sends(header(continuation('', { length: 1 })))
          expect(peer.heard).to.deep.equal(['close 1009'])
          expect(end(peer)).to.deep.equal(refused('ERR_MESSAGE_TOO_LONG'))
        })
      })

      it('holds for each message anew, and not for control frames between', () => {
        play({ maxPayload: 10 }, peer => {
          for (let count = 0; count < 50; count += 1) {
            const [first, second] = fragments(TEXT, '12345', '67890') as [RawFrame, RawFrame]
            peer.sends(first, ping('x'.repeat(125)), second)
          }
          expect(peer.told).to.deep.equal(new Array(50).fill('text 1234567890'))
        })
      })

      it('is 1 MiB by default', () => {
        play({}, peer => {
          peer.sends(binary(new Uint8Array(MiB)))
          expect(peer.told).to.have.length(1)
          peer.sends(header(binary('', { length: MiB + 1 })))
          expect(peer.heard).to.deep.equal(['close 1009'])
        })
      })

      it('can be none', () => {
        play({ maxPayload: Infinity }, peer => {
          peer.sends(binary(new Uint8Array(MiB + 1)), header(binary('', { length: 2 ** 40 })), new Uint8Array(1_000))
          expect(peer.told).to.have.length(1)
          expect(peer.heard).to.deep.equal([])
          expect(end(peer).slice(1)).to.deep.equal(refused('ERR_CLOSED_ABNORMALLY'))
        })
      })

      it('tells what came before it, in order', () => {
        play({ maxPayload: 10 }, peer => {
          peer.sendsAtOnce(text('one'), binary('2'), header(text('', { length: 11 })))
          expect(end(peer)).to.deep.equal(['text one', 'binary 32', ...refused('ERR_MESSAGE_TOO_LONG')])
        })
      })
    })

    describe('of how many fragments a message may have', () => {
      for (const payload of ['x', '']) {
        it(`are told 1008, ${payload === '' ? 'though they are empty' : 'though the message is not too long'}`, () => {
          play({ maxFragments: 3 }, peer => {
            peer.sends(text(payload, { fin: false }), continuation(payload, { fin: false }), continuation(payload))
            peer.sends(text(payload, { fin: false }), continuation(payload, { fin: false }))
            expect(peer.told).to.deep.equal([`text ${payload.repeat(3)}`.trim()])
            expect(peer.heard).to.deep.equal([])
            peer.sends(continuation(payload, { fin: false }))
            expect(peer.heard).to.deep.equal(['close 1008'])
            expect(end(peer).slice(1)).to.deep.equal(refused('ERR_FLOOD'))
          })
        })
      }

      it('is 1 024 by default', () => {
        play({}, peer => {
          peer.sends(...fragments(TEXT, ...new Array<string>(1_024).fill('x')))
          expect(peer.told).to.deep.equal([`text ${'x'.repeat(1_024)}`])
          peer.sends(...fragments(TEXT, ...new Array<string>(1_025).fill('x')))
          expect(peer.heard).to.deep.equal(['close 1008'])
        })
      })

      it('may be one', () => {
        play({ maxFragments: 1 }, peer => {
          peer.sends(text('one'), text('two', { fin: false }))
          expect(peer.heard).to.deep.equal(['close 1008'])
          expect(end(peer)).to.deep.equal(['text one', ...refused('ERR_FLOOD')])
        })
      })
    })

    describe('of how many pings may come in a second', () => {
      for (const [name, frame] of Object.entries({ pings: ping('a'), pongs: pong('a') })) {
        it(`are told 1008: ${name}`, () => {
          play({ maxPings: 5 }, peer => {
            for (let count = 0; count < 5; count += 1) peer.sends(frame)
            expect(peer.heard).to.deep.equal(name === 'pings' ? new Array(5).fill('pong a') : [])
            peer.sends(frame)
            expect(peer.heard.at(-1)).to.equal('close 1008')
            expect(end(peer)).to.deep.equal(refused('ERR_FLOOD'))
          })
        })
      }

      it('counts each second anew', () => {
        play({ maxPings: 5 }, peer => {
          for (let second = 0; second < 10; second += 1) {
            for (let count = 0; count < 5; count += 1) peer.sends(ping('a'))
            peer.pass(1_000)
          }
          expect(peer.heard).to.deep.equal(new Array(50).fill('pong a'))
        })
      })

      it('is 100 by default, and holds inside of messages and of one read', () => {
        play({}, peer => {
          const pings = new Array<RawFrame>(101).fill(ping('a'))
          peer.sendsAtOnce(text('one', { fin: false }), ...pings, continuation('two'))
          expect(peer.heard).to.have.length(101)
          expect(peer.heard.at(-1)).to.equal('close 1008')
          expect(end(peer)).to.deep.equal(refused('ERR_FLOOD'))
        })
      })
    })

    it('of what waits to be sent hold for pongs: whoever asks and does not read is closed', () => {
      play({ maxPings: 1_000, maxBuffered: 1_000, highWaterMark: 1_000 }, peer => {
        for (let count = 0; count < 20; count += 1) peer.sends(ping('x'.repeat(125)))
        expect(peer.heard.length).to.be.within(6, 8)
        expect(end(peer)).to.deep.equal(refused('ERR_SEND_OVERFLOW'))
      })
    })

    describe('need no memory before they are reached', () => {
      it('for what was announced and does not come', () => {
        const announced = header(binary('', { length: MiB }))
        const peers: RawPeer[] = []
        const taken = memoryTaken(() => {
          for (let count = 0; count < 500; count += 1) {
            play({}, peer => peers.push(peer.sends(announced, Uint8Array.of(1))))
          }
        })
        expect(taken / peers.length).to.be.lessThan(64 * KiB)
      })

      it('for what comes one byte at a time', () => {
        const bytes = bytesOf(binary(new Uint8Array(256 * KiB), { fin: false }), role === 'server')
        play({}, peer => {
          const taken = memoryTaken(() => {
            for (const byte of bytes) peer.wire.receive(Uint8Array.of(byte))
          })
          expect(taken).to.be.lessThan(2 * MiB)
          expect(peer.told).to.deep.equal([])
        })
      })

      it('for fragments of one byte', () => {
        const fragment = bytesOf(continuation('x', { fin: false }), role === 'server')
        play({ maxFragments: Infinity }, peer => {
          peer.sends(text('x', { fin: false }))
          const taken = memoryTaken(() => {
            for (let count = 0; count < 100_000; count += 1) peer.wire.receive(Buffer.from(fragment))
          })
          expect(taken).to.be.lessThan(2 * MiB)
          peer.sends(continuation('x'))
          expect(peer.told).to.deep.equal([`text ${'x'.repeat(100_002)}`])
        })
      })

      it('for what comes behind a fault, or behind a Close', () => {
        for (const last of [text('', { rsv: 1 }), close(1000)]) {
          play({}, peer => {
            peer.sends(last)
            const flood = binary(new Uint8Array(64 * KiB))
            const taken = memoryTaken(() => {
              for (let count = 0; count < 500; count += 1) peer.sends(flood)
            })
            expect(taken).to.be.lessThan(4 * MiB)
          })
        }
      })
    })
  })
}
