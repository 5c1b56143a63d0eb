import { expect } from 'chai'
import { withRawPeer, type RawPeer, type RawPeerOptions } from '../support/websocket/raw-peer.js'
import {
  BINARY,
  CLOSE,
  PING,
  PONG,
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

/** How a fault is told, and what came before it. */
interface Refusal {
  readonly error?: string
  readonly code?: number
  readonly told?: readonly string[]
  readonly options?: RawPeerOptions
}

const controls: Readonly<Record<string, number>> = { Close: CLOSE, ping: PING, pong: PONG }

for (const role of ['server', 'client'] as const) {
  describe(`RFC 6455, as a ${role}`, () => {
    const play = (options: RawPeerOptions, act: (peer: RawPeer) => void): void => {
      withRawPeer(role, options, act)
    }

    /** What comes is a fault: it is told, the peer hears a code, and both see nothing else. */
    const refuses = (
      parts: readonly (RawFrame | Uint8Array)[],
      { error = 'ERR_PROTOCOL', code = 1002, told = [], options = {} }: Refusal = {},
    ): void => {
      for (const how of ['sends', 'sendsAtOnce', 'sendsSlowly'] as const) {
        play(options, peer => {
          peer[how](...parts)
          expect(peer.heard, how).to.deep.equal([`close ${code}`])
          peer.wire.finish()
          peer.pass(10_000)
          expect(peer.told, how).to.deep.equal([...told, `close error 1006 ${error}`, `error ${error}`])
        })
      }
    }

    /** What comes is told so, however it arrives. */
    const tells = (
      parts: readonly (RawFrame | Uint8Array)[],
      told: readonly string[],
      options: RawPeerOptions = {},
    ): void => {
      for (const how of ['sends', 'sendsAtOnce', 'sendsSlowly'] as const) {
        play(options, peer => {
          peer[how](...parts)
          expect(peer.told, how).to.deep.equal(told)
        })
      }
    }

    const withControl = { control: true }

    describe('§5.1 masking', () => {
      const wrong = { masked: role === 'client' }

      for (const [name, frame] of Object.entries({
        text: text('one', wrong),
        'an empty message': binary('', wrong),
        ping: ping('', wrong),
        'a Close': { ...close(1000), ...wrong },
      })) {
        it(`refuses ${role === 'server' ? 'what is not masked' : 'what is masked'}: ${name}`, () => {
          refuses([frame])
        })
      }

      it('is seen before anything behind the header comes', () => {
        refuses([bytesOf(text('x'.repeat(70_000), wrong), role === 'server').subarray(0, 2)])
      })

      it(role === 'server' ? 'is not done by us' : 'is done by us, with another key for each frame', () => {
        play({}, peer => {
          for (let count = 0; count < 20; count += 1) peer.connection.send('the same text')
          expect(peer.heard).to.deep.equal(new Array(20).fill('text the same text'))
          expect(new Set(peer.frames.map(({ masked }) => masked))).to.deep.equal(new Set([role === 'client']))
          const distinct = new Set(chunks(peer.bytes, peer.frames.length))
          expect(distinct.size).to.equal(role === 'client' ? 20 : 1)
        })
      })

      it('undoes each payload with its own key, whatever its length and the pieces it comes in', () => {
        for (const length of [1, 2, 3, 4, 5, 63, 64, 65, 66, 67, 125, 126, 1_000]) {
          const payload = Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length) & 0xff))
          tells([binary(payload), binary(payload)], [shown(payload), shown(payload)])
        }
      })
    })

    describe('§5.2 the header', () => {
      for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
        it(`refuses the reserved bits ${rsv.toString(2).padStart(3, '0')}`, () => {
          refuses([text('one', { rsv })])
          refuses([ping('', { rsv })])
          refuses([{ ...close(1000), rsv }])
          refuses([text('one', { fin: false }), continuation('two', { rsv })])
        })
      }

      for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
        it(`refuses the reserved opcode ${opcode}`, () => {
          refuses([{ opcode }])
          refuses([text('one', { fin: false }), { opcode, payload: 'one' }])
        })
      }

      for (const length of [0, 125, 126, 127, 128, 65_535, 65_536]) {
        it(`reads a message of ${length} bytes`, () => {
          const payload = 'x'.repeat(length)
          tells([text(payload), text('next')], [`text ${payload}`.trim(), 'text next'])
        })

        it(`writes a message of ${length} bytes with as short a length as it can`, () => {
          play({}, peer => {
            peer.connection.send('x'.repeat(length))
            const written = peer.bytes
            const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
            expect(written.length).to.equal(2 + lengthBytes + (role === 'client' ? 4 : 0) + length)
            expect((written[1] ?? 0) & 0x7f).to.equal([length, 126, 127][[0, 2, 8].indexOf(lengthBytes)])
            expect(peer.heard).to.deep.equal([`text ${'x'.repeat(length)}`.trim()])
          })
        })
      }

      for (const [length, lengthBytes] of [
        [0, 2],
        [125, 2],
        [0, 8],
        [125, 8],
        [126, 8],
        [65_535, 8],
      ] as const) {
        it(`refuses a length of ${length} in ${lengthBytes} bytes`, () => {
          refuses([binary(Buffer.alloc(length), { lengthBytes })])
        })
      }

      for (const length of [2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n]) {
        it(`refuses a length with its highest bit set: ${length.toString(16)}`, () => {
          refuses([binary('', { length, lengthBytes: 8 })], { options: { maxPayload: Infinity } })
          refuses([binary('', { length, lengthBytes: 8 })])
        })
      }
    })

    describe('§5.4 fragmentation', () => {
      it('puts fragments together', () => {
        tells(fragments(TEXT, 'one ', 'two ', 'three'), ['text one two three'])
        tells(fragments(BINARY, '1', '2'), ['binary 3132'])
      })

      it('allows empty fragments, first, between and last', () => {
        tells(fragments(TEXT, '', 'one', '', 'two', ''), ['text onetwo'])
        tells(fragments(TEXT, '', '', ''), ['text'])
        tells(fragments(BINARY, '', ''), ['binary'])
      })

      it('tells a message of no length', () => {
        tells([text(''), binary(''), text('')], ['text', 'binary', 'text'])
      })

      it('tells control frames between fragments at once, and answers them', () => {
        play(withControl, peer => {
          peer.sends(text('one ', { fin: false }), ping('a'))
          expect(peer.told).to.deep.equal(['ping a'])
          expect(peer.heard).to.deep.equal(['pong a'])
          peer.sends(continuation('two ', { fin: false }), pong('b'), continuation('three'))
          expect(peer.told).to.deep.equal(['ping a', 'pong b', 'text one two three'])
        })
      })

      it('tells them so also where everything arrives in pieces', () => {
        const [first, second, third] = fragments(TEXT, 'x'.repeat(200), 'y'.repeat(70_000), 'z') as [
          RawFrame,
          RawFrame,
          RawFrame,
        ]
        const parts = [first, ping('a'.repeat(125)), second, pong('b'), third]
        const whole = `text ${'x'.repeat(200)}${'y'.repeat(70_000)}z`
        tells(parts, [`ping ${'a'.repeat(125)}`, 'pong b', whole], withControl)
      })

      it('is closed by a Close between fragments, and the half message is no packet', () => {
        play({}, peer => {
          peer.sends(text('one', { fin: false }), close(1000)).wire.finish()
          expect(peer.told).to.deep.equal(['end', 'close remote 1000', 'complete'])
        })
      })

      for (const opcode of [TEXT, BINARY]) {
        it(`refuses a new message inside of fragments: opcode ${opcode}`, () => {
          refuses([text('one', { fin: false }), { opcode, payload: 'two' }])
          refuses([binary('one', { fin: false }), continuation('', { fin: false }), { opcode, fin: false }])
        })
      }

      it('refuses a continuation of nothing', () => {
        refuses([continuation('one')])
        refuses([continuation('', { fin: false })])
        refuses([text('one'), continuation('two')], { told: ['text one'] })
        refuses([...fragments(TEXT, 'one', 'two'), continuation('three')], { told: ['text onetwo'] })
        refuses([ping(), continuation('one')].slice(1))
      })

      it('is not done by us', () => {
        play({ maxBuffered: 10_000_000 }, peer => {
          peer.connection.send(new Uint8Array(3_000_000))
          expect(peer.frames.map(({ fin, opcode }) => [fin, opcode])).to.deep.equal([[true, BINARY]])
        })
      })
    })

    describe('§5.5 control frames', () => {
      for (const [name, opcode] of Object.entries(controls)) {
        const payload = opcode === CLOSE ? Buffer.concat([Buffer.of(3, 232), Buffer.alloc(123, 'x')]) : 'x'.repeat(125)

        it(`have up to 125 bytes: ${name}`, () => {
          play({}, peer => {
            peer.sends({ opcode, payload })
            expect(peer.told).to.deep.equal(opcode === CLOSE ? ['end'] : [])
          })
        })

        it(`have no more than 125 bytes: ${name}`, () => {
          for (const length of [126, 127, 65_536]) refuses([{ opcode, payload: 'x'.repeat(length) }])
          refuses([{ opcode, payload: 'x', lengthBytes: 2 }])
          refuses([{ opcode, payload: 'x', lengthBytes: 8 }])
        })

        it(`are not fragmented: ${name}`, () => {
          refuses([{ opcode, fin: false }])
          refuses([{ opcode, fin: false, payload: Buffer.of(3, 232) }])
        })
      }

      it('are refused when the length has come, before the payload', () => {
        refuses([bytesOf(ping('x'.repeat(126)), role === 'server').subarray(0, 2)])
      })
    })

    describe('§5.5.1 Close', () => {
      for (const code of [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
      ]) {
        it(`is told and answered with what it says: ${code}`, () => {
          play({}, peer => {
            peer.sends(close(code, 'a détail'))
            expect(peer.told).to.deep.equal(['end'])
            expect(peer.heard.map(words => words.split(' ').slice(0, 2).join(' '))).to.deep.equal([`close ${code}`])
            peer.wire.finish()
            expect(peer.told).to.deep.equal(['end', `close remote ${code} a détail`, 'complete'])
          })
        })
      }

      for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]) {
        it(`may not say ${code}`, () => {
          refuses([close(code)])
          refuses([close(code, 'a detail')])
        })
      }

      it('may say nothing, which is told as 1005 and never said', () => {
        play({}, peer => {
          peer.sends(close())
          expect(peer.heard).to.have.length(1)
          expect(peer.heard[0]).to.be.oneOf(['close', 'close 1000'])
          peer.wire.finish()
          expect(peer.told).to.deep.equal(['end', 'close remote 1005', 'complete'])
        })
      })

      it('may not say half a code', () => {
        refuses([{ opcode: CLOSE, payload: Buffer.of(3) }])
      })

      it('has to say its detail in UTF-8', () => {
        const wrong = { error: 'ERR_MESSAGE_ENCODING', code: 1007 }
        refuses([close(1000, Buffer.of(0xff))], wrong)
        refuses([close(1000, Buffer.of(0xc3))], wrong)
        refuses([close(1000, Buffer.of(0xed, 0xa0, 0x80))], wrong)
      })

      it('may have 123 bytes of detail', () => {
        play({}, peer => {
          peer.sends(close(4000, 'é'.repeat(61) + 'x')).wire.finish()
          expect(peer.told).to.deep.equal(['end', `close remote 4000 ${'é'.repeat(61)}x`, 'complete'])
        })
      })

      it('is the last that the peer has said: what comes behind is dropped, right or wrong', () => {
        for (const more of [text('late'), ping('late'), close(1001), { opcode: 15 }, Buffer.of(0xff, 0xff, 0xff)]) {
          for (const how of ['sends', 'sendsAtOnce', 'sendsSlowly'] as const) {
            play(withControl, peer => {
              peer[how](text('one'), close(1000), more)
              expect(peer.heard).to.deep.equal(['close 1000'])
              peer.wire.finish()
              expect(peer.told).to.deep.equal(['text one', 'end', 'close remote 1000', 'complete'])
            })
          }
        }
      })

      it('is the last that we say', () => {
        play({}, peer => {
          peer.connection.send('one')
          peer.connection.close()
          expect(peer.connection.send('two')).to.equal(false)
          peer.connection.close({ code: 4000 })
          peer.sends(ping('late'))
          expect(peer.heard).to.deep.equal(['text one', 'close 1000'])
        })
      })

      it('that crosses with ours is not answered twice', () => {
        play({}, peer => {
          peer.connection.close({ code: 4001, detail: 'ours' })
          peer.sends(close(4002, 'theirs'))
          expect(peer.heard).to.deep.equal(['close 4001 ours'])
          peer.wire.finish()
          expect(peer.told).to.deep.equal(['end', 'close local 4002 theirs', 'complete'])
        })
      })

      it('of ours does not end what comes: messages are told until the peer has answered', () => {
        play({}, peer => {
          peer.connection.close()
          peer.sends(text('one'), ...fragments(TEXT, 'two', 'three'), close(1000)).wire.finish()
          expect(peer.told).to.deep.equal(['text one', 'text twothree', 'end', 'close local 1000', 'complete'])
        })
      })

      it('may be said with any code that may be said, and no other', () => {
        for (const code of [1000, 1001, 1014, 3000, 4999]) {
          play({}, peer => {
            peer.connection.close({ code, detail: 'why' })
            expect(peer.heard).to.deep.equal([`close ${code} why`])
          })
        }
        for (const code of [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, NaN]) {
          play({}, peer => {
            expect(() => {
              peer.connection.close({ code })
            })
              .to.throw()
              .with.property('code', 'ERR_OPTIONS')
            expect(peer.heard).to.deep.equal([])
            expect(peer.connection.state).to.equal('open')
          })
        }
      })

      it('of 1000 is what unsubscribing says, behind what was sent', () => {
        play({}, peer => {
          peer.connection.send('one')
          peer.leave()
          expect(peer.heard).to.deep.equal(['text one', 'close 1000'])
          peer.sends(text('late'), close(1000)).wire.finish()
          expect(peer.told).to.deep.equal([])
        })
      })

      it('of 1012 is what a shutdown says', () => {
        play({}, peer => {
          peer.connection.close('shutdown')
          peer.sends(close(1012)).wire.finish()
          expect(peer.heard).to.deep.equal(['close 1012'])
          expect(peer.told).to.deep.equal(['end', 'close shutdown 1012', 'complete'])
        })
      })
    })

    describe('§5.5.2 pings and §5.5.3 pongs', () => {
      it('are answered with what they say', () => {
        play({}, peer => {
          peer.sends(ping(), ping('a'), ping(Buffer.alloc(125, 0xff)))
          expect(peer.frames.map(({ opcode, payload }) => [opcode, payload.toString('hex')])).to.deep.equal([
            [PONG, ''],
            [PONG, '61'],
            [PONG, 'ff'.repeat(125)],
          ])
          expect(peer.told).to.deep.equal([])
        })
      })

      it('are answered before they are told', () => {
        const heard: (readonly string[])[] = []
        const react: RawPeerOptions['react'] = (event, peer) => {
          if (event.type !== 'packet') return
          peer.connection.send('after')
          heard.push(peer.heard)
        }
        play({ control: true, react }, peer => {
          peer.sends(ping('a'))
          expect(heard).to.deep.equal([['pong a', 'text after']])
        })
      })

      it('are not answered once we have said Close', () => {
        play({}, peer => {
          peer.connection.close()
          peer.sends(ping('a'), close(1000))
          expect(peer.heard).to.deep.equal(['close 1000'])
        })
      })

      it('need not have been asked for', () => {
        play({}, peer => {
          peer.sends(pong(), pong('a'), text('one'))
          expect(peer.heard).to.deep.equal([])
          expect(peer.told).to.deep.equal(['text one'])
        })
      })

      it('are sent and told where they are wanted', () => {
        play(withControl, peer => {
          peer.connection.send({ type: 'ping', data: Buffer.from('a') })
          peer.connection.send({ type: 'pong', data: new Uint8Array() })
          expect(peer.heard).to.deep.equal(['ping a', 'pong'])
          peer.sends(pong('a'), pong(), ping('b'))
          expect(peer.told).to.deep.equal(['pong a', 'pong', 'ping b'])
        })
      })

      it('of more than 125 bytes are not ours to send', () => {
        play({}, peer => {
          expect(() => peer.connection.send({ type: 'ping', data: new Uint8Array(126) })).to.throw(TypeError)
          expect(peer.heard).to.deep.equal([])
          expect(peer.connection.state).to.equal('open')
        })
      })
    })

    describe('§5.6 texts and §8.1 their UTF-8', () => {
      const wrong = { error: 'ERR_MESSAGE_ENCODING', code: 1007 }

      const right: Readonly<Record<string, string>> = {
        'one to four bytes': 'aé€𝄞',
        'the first of each length': '\u0000\u0080\u0800\u{10000}',
        'the last of each length': '\u007f\u07ff\uffff\u{10ffff}',
        'beside the surrogates': '\ud7ff\ue000',
        'a byte order mark': '\ufeffone',
        'what is no character': '\ufffe\uffff\u{1fffe}',
      }
      for (const [name, words] of Object.entries(right)) {
        it(`may say ${name}`, () => {
          tells([text(words)], [`text ${words}`])
          const bytes = Buffer.from(words.padEnd(200, '€'))
          tells([text(bytes)], [`text ${bytes.toString()}`])
        })
      }

      it('may be cut into fragments at every byte', () => {
        const words = 'κόσμε 𝄞'
        const bytes = Buffer.from(words)
        for (let cut = 0; cut <= bytes.length; cut += 1)
          tells(fragments(TEXT, bytes.subarray(0, cut), bytes.subarray(cut)), [`text ${words}`])
        tells(fragments(TEXT, ...Array.from(bytes, byte => Uint8Array.of(byte))), [`text ${words}`])
      })

      const faults: Readonly<Record<string, readonly number[]>> = {
        'a continuation byte alone': [0x80],
        'a first byte alone': [0xc3],
        'two of three bytes': [0xe2, 0x82],
        'three of four bytes': [0xf0, 0x9d, 0x84],
        'one byte in two': [0xc0, 0xaf],
        'the last of one byte in two': [0xc1, 0xbf],
        'two bytes in three': [0xe0, 0x9f, 0xbf],
        'three bytes in four': [0xf0, 0x8f, 0xbf, 0xbf],
        'the first surrogate': [0xed, 0xa0, 0x80],
        'the last surrogate': [0xed, 0xbf, 0xbf],
        'two surrogates': [0xed, 0xa0, 0xb4, 0xed, 0xb4, 0x9e],
        'more than U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
        'a first byte of five': [0xf8, 0x88, 0x80, 0x80, 0x80],
        'FE and FF': [0xfe, 0xff],
      }
      for (const [name, bytes] of Object.entries(faults)) {
        it(`may not say ${name}`, () => {
          refuses([text(Uint8Array.from(bytes))], wrong)
          refuses([text(Buffer.concat([Buffer.alloc(150, 'x'), Uint8Array.from(bytes)]))], wrong)
          refuses([text(Buffer.concat([Uint8Array.from(bytes), Buffer.from('x')]))], wrong)
          refuses(fragments(TEXT, 'one', Uint8Array.from(bytes), 'two'), wrong)
          refuses(fragments(TEXT, ...bytes.map(byte => Uint8Array.of(byte))), wrong)
        })
      }

      it('are not asked of binary messages', () => {
        tells([binary(Uint8Array.from([0xff, 0xc3]))], ['binary ffc3'])
      })

      it('are asked of us: half a character is not sent as it is', () => {
        play({}, peer => {
          peer.connection.send('a\ud834b')
          expect(peer.heard).to.deep.equal(['text a\ufffdb'])
        })
      })
    })

    describe('§7 closing', () => {
      it(role === 'server' ? '§7.1.1 is ours to end first' : '§7.1.1 is not ours to end first', () => {
        play({}, peer => {
          peer.sends(close(1000))
          expect(peer.wire.ended).to.equal(role === 'server')
          peer.wire.finish()
          expect(peer.wire.ended || peer.wire.destroyed).to.equal(true)
          expect(peer.told.at(-1)).to.equal('complete')
        })
        play({}, peer => {
          peer.connection.close()
          expect(peer.wire.ended).to.equal(false)
          peer.sends(close(1000))
          expect(peer.wire.ended).to.equal(role === 'server')
        })
      })

      it('does not wait for ever for a peer that never answers', () => {
        play({ closeTimeout: 100 }, peer => {
          peer.connection.close()
          peer.pass(99)
          expect(peer.told).to.deep.equal([])
          peer.pass(2)
          expect(peer.told).to.deep.equal(['close local 1006 ERR_CLOSE_TIMEOUT', 'error ERR_CLOSE_TIMEOUT'])
          expect(peer.wire.destroyed).to.equal(true)
          expect(peer.heard).to.deep.equal(['close 1000'])
        })
      })

      it('does not wait for ever for a peer that has said Close and does not close', () => {
        for (const begin of [() => undefined, ({ connection }: RawPeer) => connection.close()]) {
          for (const closeTimeout of [5_000, 100])
            play({ closeTimeout }, peer => {
              begin(peer)
              peer.pass(50)
              peer.sends(close(1000)).wire.drain()
              peer.pass(Math.min(closeTimeout, 1_000) + 1)
              expect(peer.wire.destroyed).to.equal(true)
              expect(peer.told[0]).to.equal('end')
              expect(peer.told[1]).to.match(/^close (remote|local) 1000$/)
              expect(peer.told[2]).to.equal('complete')
            })
        }
      })

      it('lets what was sent arrive, though the peer has said Close before it has read that', () => {
        play({}, peer => {
          peer.connection.send('x'.repeat(1_000_000))
          peer.sends(close(1000))
          peer.pass(3_000)
          expect(peer.wire.destroyed).to.equal(false)
          peer.wire.drain()
          peer.pass(1_500)
          expect(peer.wire.destroyed).to.equal(true)
          expect(peer.told).to.deep.equal(['end', 'close remote 1000', 'complete'])
        })
      })

      it('does not wait for ever for a peer that does not read either', () => {
        play({}, peer => {
          peer.connection.send('x'.repeat(1_000_000))
          peer.sends(close(1000))
          peer.pass(5_001)
          expect(peer.wire.destroyed).to.equal(true)
          expect(peer.told).to.deep.equal(['end', 'close timeout 1000 ERR_CLOSE_TIMEOUT', 'error ERR_CLOSE_TIMEOUT'])
        })
      })

      it('§7.1.5 is abnormal where a peer is gone without Close', () => {
        for (const before of [[], [text('one')], [text('one'), text('two', { fin: false })], [Buffer.of(0x81)]]) {
          play({}, peer => {
            peer.sends(...before).wire.finish()
            peer.pass(10_000)
            const told = before.length > 0 && !(before[0] instanceof Buffer) ? ['text one'] : []
            expect(peer.told).to.deep.equal([
              ...told,
              'close error 1006 ERR_CLOSED_ABNORMALLY',
              'error ERR_CLOSED_ABNORMALLY',
            ])
            expect(peer.heard).to.deep.equal([])
          })
        }
      })

      it('§7.1.5 is abnormal too where he is gone without an answer to our Close', () => {
        play({}, peer => {
          peer.connection.close()
          peer.wire.finish()
          peer.pass(10_000)
          expect(peer.told.map(words => words.split(' ').slice(0, 3).join(' '))[0]).to.equal('close local 1006')
        })
      })

      it('tells what came before a fault, in order', () => {
        refuses([text('one'), binary('2'), { opcode: 3 }], { told: ['text one', 'binary 32'] })
        refuses([ping('a'), text('one', { fin: false }), pong('b'), text('two')].slice(1), {
          told: ['pong b'],
          options: withControl,
        })
      })

      it('tells nothing that comes behind a fault', () => {
        for (const how of ['sends', 'sendsAtOnce', 'sendsSlowly'] as const) {
          play({}, peer => {
            peer[how](text('one', { rsv: 1 }), text('two'), ping('a'), close(1000))
            peer.wire.finish()
            peer.pass(10_000)
            expect(peer.heard).to.deep.equal(['close 1002'])
            expect(peer.told).to.deep.equal(['close error 1006 ERR_PROTOCOL', 'error ERR_PROTOCOL'])
          })
        }
      })

      it('sends nothing but a Close behind a fault', () => {
        const react: RawPeerOptions['react'] = ({ type }, { connection }) => {
          if (type === 'close') connection.send('late')
        }
        play({ react }, peer => {
          peer.connection.send('one')
          peer.sends({ opcode: 3 })
          expect(peer.connection.send('two')).to.equal(false)
          peer.wire.finish()
          expect(peer.heard).to.deep.equal(['text one', 'close 1002'])
        })
      })
    })
  })
}

function shown(payload: Buffer): string {
  return `binary ${payload.toString('hex')}`
}

/** As many pieces of the same length. */
function chunks(bytes: Buffer, count: number): string[] {
  const size = bytes.length / count
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size).toString('hex'))
}
