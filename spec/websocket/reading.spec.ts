import { expect } from 'chai'
import type { Subscription } from 'rxjs'
import { SluiceError } from 'sluice'
import { withRawPeer, type RawPeer, type RawPeerOptions } from '../support/websocket/raw-peer.js'
import { TEXT, close, fragments, ping, text, type RawFrame } from '../support/websocket/raw-frame.js'

for (const role of ['server', 'client'] as const) {
  describe(`Reading messages, as a ${role}`, () => {
    const play = (options: RawPeerOptions, act: (peer: RawPeer) => void): void => {
      withRawPeer(role, options, act)
    }

    it('is in order, though more bytes come inside of next', () => {
      const react: RawPeerOptions['react'] = (event, peer) => {
        if (event.type === 'packet' && event.packet === 'one')
          peer.sends(peer.encoded(text('three')).subarray(4), text('four'))
      }
      play({ react }, peer => {
        peer.sendsAtOnce(text('one'), text('two'), peer.encoded(text('three')).subarray(0, 4))
        expect(peer.told).to.deep.equal(['text one', 'text two', 'text three', 'text four'])
      })
    })

    it('tells all of a read, though the wire ends inside of next', () => {
      const react: RawPeerOptions['react'] = (event, peer) => {
        if (event.type === 'packet' && event.packet === 'one') peer.wire.line.ended()
      }
      play({ react }, peer => {
        peer.sendsAtOnce(text('one'), text('two'), close(4000))
        peer.wire.line.closed()
        expect(peer.told).to.deep.equal(['text one', 'text two', 'end', 'close remote 4000', 'complete'])
      })
    })

    it('stops between messages of one read while paused, and goes on from there', () => {
      let hold: (() => void) | undefined
      const react: RawPeerOptions['react'] = event => {
        if (event.type !== 'packet' || (event.packet !== 'one' && event.packet !== 'three')) return
        const holder = event.connection.pause()
        hold = () => {
          holder.unsubscribe()
        }
      }
      play({ react }, peer => {
        peer.sendsAtOnce(
          text('one'),
          ping('a'),
          text('two'),
          ...fragments(TEXT, 'th', 'ree'),
          text('four'),
          close(1000),
        )
        expect(peer.told).to.deep.equal(['text one'])
        expect(peer.wire.paused).to.equal(true)
        expect(peer.heard).to.deep.equal([])
        hold?.()
        expect(peer.told).to.deep.equal(['text one', 'text two', 'text three'])
        expect(peer.heard).to.deep.equal(['pong a'])
        hold?.()
        expect(peer.told).to.deep.equal(['text one', 'text two', 'text three', 'text four', 'end'])
        peer.wire.finish()
        expect(peer.told.slice(5)).to.deep.equal(['close remote 1000', 'complete'])
      })
    })

    it('that is paused tells neither a Close nor a lost connection, and both when it goes on', () => {
      for (const [last, told] of [
        [close(4000), ['end', 'close remote 4000']],
        [Buffer.of(), ['close error 1006 ERR_CLOSED_ABNORMALLY']],
      ] as const) {
        play({}, peer => {
          const holder = peer.connection.pause()
          peer.sends(text('one'), text('two'), last).wire.finish()
          expect(peer.told).to.deep.equal([])
          holder.unsubscribe()
          expect(peer.told.slice(0, -1)).to.deep.equal(['text one', 'text two', ...told])
        })
      }
    })

    it('that is paused answers a ping when it goes on, and may say unasked that it is alive', () => {
      play({}, peer => {
        const pause = peer.connection.pause()
        peer.sends(ping('asked'))
        peer.connection.send({ type: 'pong', data: Buffer.from('unasked') })
        expect(peer.heard).to.deep.equal(['pong unasked'])
        pause.unsubscribe()
        expect(peer.heard).to.deep.equal(['pong unasked', 'pong asked'])
      })
    })

    describe('that is paused in the middle of a read', () => {
      /** Pauses at the first message, while there are more in the same read, and answers how to go on. */
      const pausedIn = (more: readonly RawFrame[], act: (peer: RawPeer, goOn: () => void) => void): void => {
        let holder: Subscription | undefined
        const react: RawPeerOptions['react'] = event => {
          if (event.type === 'packet') holder ??= event.connection.pause()
        }
        play({ react }, peer => {
          peer.sendsAtOnce(text('one'), ...more)
          act(peer, () => holder?.unsubscribe())
        })
      }

      it('tells all that came before the end of the wire, though that is told meanwhile', () => {
        pausedIn([text('two')], (peer, goOn) => {
          peer.wire.line.ended()
          expect(peer.told).to.deep.equal(['text one'])
          goOn()
          expect(peer.told.slice(0, 3)).to.deep.equal([
            'text one',
            'text two',
            'close error 1006 ERR_CLOSED_ABNORMALLY',
          ])
        })
      })

      it('tells all, and the Close, though the wire has closed meanwhile', () => {
        pausedIn([text('two'), close(4000, 'why')], (peer, goOn) => {
          peer.wire.line.ended()
          peer.wire.line.closed()
          expect(peer.told).to.deep.equal(['text one'])
          goOn()
          expect(peer.told).to.deep.equal(['text one', 'text two', 'end', 'close remote 4000 why', 'complete'])
        })
      })

      it('tells a failure at once', () => {
        pausedIn([text('two'), close(1000)], (peer, goOn) => {
          peer.wire.line.closed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
          goOn()
          expect(peer.told).to.deep.equal(['text one', 'close error 1006 ECONNRESET', 'error ECONNRESET'])
        })
      })

      it('can be destroyed when the wire has closed', () => {
        pausedIn([text('two')], (peer, goOn) => {
          peer.wire.line.closed()
          peer.connection.destroy()
          goOn()
          expect(peer.told).to.deep.equal(['text one', 'close local 1006', 'complete'])
        })
      })

      it('can be unsubscribed when the wire has closed', () => {
        pausedIn([text('two')], peer => {
          peer.wire.line.closed()
          peer.leave()
          expect(peer.connection.state).to.equal('closed')
        })
      })
    })

    it('goes on until the peer has ended, unheard, where it was destroyed with a last word while it was paused', () => {
      play({}, peer => {
        peer.connection.pause()
        peer.connection.destroy(new SluiceError('ERR_HANDLER', 'ours'))
        peer.sends(text('one'), close(1011))
        expect([peer.heard, peer.told]).to.deep.equal([['close 1011'], []])
        peer.wire.finish()
        expect(peer.told).to.deep.equal(['close error 1006 ERR_HANDLER', 'error ERR_HANDLER'])
        expect(peer.wire.destroyed).to.equal(false)
      })
    })

    it('is over with destroy in the middle of a read', () => {
      const react: RawPeerOptions['react'] = event => {
        if (event.type === 'packet') event.connection.destroy()
      }
      play({ react }, peer => {
        peer.sendsAtOnce(text('one'), text('two'), ping('a'))
        expect(peer.told).to.deep.equal(['text one', 'close local 1006', 'complete'])
        expect(peer.heard).to.deep.equal([])
      })
    })

    it('is over with unsubscribing in the middle of a read', () => {
      const react: RawPeerOptions['react'] = (event, peer) => {
        if (event.type === 'packet') peer.leave()
      }
      play({ react }, peer => {
        peer.sendsAtOnce(text('one'), text('two'), ping('a'))
        expect(peer.told).to.deep.equal(['text one'])
        expect(peer.heard[0]).to.equal('close 1000')
        peer.sends(close(1000)).wire.finish()
        expect(peer.wire.ended).to.equal(true)
      })
    })

    it('goes on after close() in the middle of a read, until the Close', () => {
      const react: RawPeerOptions['react'] = event => {
        if (event.type === 'packet' && event.packet === 'one') event.connection.close()
      }
      play({ react }, peer => {
        peer.sendsAtOnce(text('one'), text('two'), close(1000), text('three'))
        peer.wire.finish()
        expect(peer.told).to.deep.equal(['text one', 'text two', 'end', 'close local 1000', 'complete'])
      })
    })

    it('gives bytes that stay as they were for as long as they are held', () => {
      const held: Uint8Array[] = []
      const react: RawPeerOptions['react'] = event => {
        if (event.type === 'packet') held.push(event.packet as Uint8Array)
      }
      play({ react, control: false }, peer => {
        const sent = [1, 70, 200, 70_000].map(length => Buffer.alloc(length, length & 0xff))
        for (const payload of sent) peer.sendsAtOnce({ opcode: 2, payload }, { opcode: 2, payload })
        for (const payload of sent)
          peer.sendsSlowly({ opcode: 2, payload }).sendsSlowly(...fragments(2, payload, payload))
        const whole = [
          ...sent.flatMap(payload => [payload, payload]),
          ...sent.flatMap(one => [one, Buffer.concat([one, one])]),
        ]
        expect(held.map(bytes => Buffer.compare(bytes, whole[held.indexOf(bytes)] as Buffer))).to.deep.equal(
          whole.map(() => 0),
        )
        expect(held).to.have.length(whole.length)
      })
    })

    it('counts all bytes that came, and a message is no more than one event', () => {
      play({}, peer => {
        const parts = [text('one'), ping('a'), ...fragments(TEXT, 'two', 'three')]
        peer.sendsSlowly(...parts)
        expect(peer.connection.bytesRead).to.equal(Buffer.concat(parts.map(part => peer.encoded(part))).length)
        expect(peer.told).to.deep.equal(['text one', 'text twothree'])
      })
    })
  })
}
