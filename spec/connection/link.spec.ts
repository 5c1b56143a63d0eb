import { expect } from 'chai'
import { timer, type Subscription } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { dial, type Connection } from 'sluice'
import { sameDiagram } from 'sluice/testing'
import { copiedBy } from '#src/connection/copied.js'
import { sendEncoded, type SendsEncoded } from '#src/connection/encoded.js'
import { handOver } from '#src/connection/handover.js'
import { fakeDial, fakeOpen, FakeWire, ObedientWire, type FakeEvent } from '../support/fake-wire.js'

/** A spec in virtual time: its deadlines are exact, and what it leaves behind does not keep the process alive. */
function virtually(title: string, test: () => void): void {
  it(title, () => {
    new TestScheduler(sameDiagram).run(({ flush }) => {
      test()
      flush()
    })
  })
}

const at = (ms: number, task: () => void): void => {
  timer(ms).subscribe(task)
}

const closeOf = (events: readonly FakeEvent[]) => events.find(event => event.type === 'close')

const reset = (): Error => Object.assign(new Error('reset by peer'), { code: 'ECONNRESET' })

describe('A link', () => {
  describe('that connects', () => {
    virtually('tells connecting before there is a wire, and open when the wire says so', () => {
      const { told, line, connection } = fakeDial()
      expect([told, connection.state]).to.deep.equal([['connecting'], 'connecting'])
      line.opened()
      expect([told, connection.state]).to.deep.equal([['connecting', 'open'], 'open'])
    })

    virtually('knows its target, then its ends, and since when it is open', () => {
      let remote: unknown
      const { line, connection } = fakeDial({}, event => {
        if (event.type === 'connecting')
          remote = [event.connection.remote, event.connection.local, event.connection.openedAt]
      })
      expect(remote).to.deep.equal([{ address: 'asked for' }, undefined, undefined])
      at(7, () => {
        line.opened()
        expect(connection.openedAt).to.equal(7)
        expect([connection.local?.port, connection.remote?.port, connection.tls]).to.deep.equal([1, 2, undefined])
      })
    })

    virtually('opens once', () => {
      const { told, line } = fakeDial()
      line.opened()
      line.opened()
      expect(told).to.deep.equal(['connecting', 'open'])
    })

    virtually('has an id of its own', () => {
      const [one, other] = [fakeDial().connection, fakeDial().connection]
      expect(one.id).to.be.a('string').and.equal(one.id).and.not.equal(other.id)
    })

    virtually('closes with what the system says', () => {
      const { told, line } = fakeDial()
      line.closed(reset())
      expect(told).to.deep.equal(['connecting', 'close error ECONNRESET', 'error ECONNRESET'])
    })

    virtually('closes with what making its wire throws, whatever that is', () => {
      for (const thrown of [reset(), 'no error at all']) {
        const told: unknown[] = []
        dial({ address: 'far' }, {}, () => {
          throw thrown as Error
        }).subscribe({
          next: ({ type }) => told.push(type),
          error: (error: unknown) => told.push(error instanceof Error && error.message),
        })
        expect(told).to.deep.equal(['connecting', 'close', thrown instanceof Error ? 'reset by peer' : thrown])
      }
    })

    virtually('is over when it is closed, ended, destroyed or left at once, and makes no wire', () => {
      const acts: Readonly<Record<string, (connection: Connection) => void>> = {
        'close local': connection => {
          connection.close()
        },
        'close shutdown': connection => {
          connection.close('shutdown')
        },
        'close local ': connection => {
          connection.destroy()
        },
        'close error ECONNRESET': connection => {
          connection.destroy(reset())
        },
      }
      for (const [close, act] of Object.entries(acts)) {
        let made = 0
        const told: string[] = []
        dial({ address: 'far' }, {}, line => {
          made += 1
          return new ObedientWire(line as never) as never
        }).subscribe({
          next: event => {
            told.push(
              event.type === 'close'
                ? `close ${event.reason}${event.error === undefined ? '' : ' ECONNRESET'}`
                : event.type,
            )
            if (event.type === 'connecting') act(event.connection)
          },
          error: () => told.push('error'),
          complete: () => told.push('complete'),
        })
        expect(told).to.deep.equal(['connecting', close.trim(), close.startsWith('close error') ? 'error' : 'complete'])
        expect(made).to.equal(0)
      }
    })

    virtually('can not be ended, nor sent on', () => {
      const { wire, connection } = fakeDial()
      connection.end()
      expect([connection.send('a'), connection.state, wire.asked]).to.deep.equal([false, 'connecting', ['resume']])
    })

    virtually('destroys its wire when it is closed, destroyed or left while it dials', () => {
      for (const act of ['close', 'destroy'] as const) {
        const { told, wire, line, connection } = fakeDial()
        connection[act]()
        line.opened()
        expect([told, wire.asked]).to.deep.equal([
          ['connecting', 'close local', 'complete'],
          ['resume', 'destroy'],
        ])
      }
      const { told, wire, subscription } = fakeDial()
      subscription.unsubscribe()
      expect([told, wire.asked]).to.deep.equal([['connecting'], ['resume', 'destroy']])
    })

    virtually('destroys a wire that comes too late', () => {
      const wires: FakeWire[] = []
      const handles: Connection<string>[] = []
      dial<string, string>({ address: 'far' }, {}, line => {
        handles[0]?.destroy()
        const wire = new ObedientWire(line)
        wires.push(wire)
        return wire
      }).subscribe(event => {
        if (event.type === 'connecting') handles.push(event.connection)
      })
      expect(wires[0]?.asked).to.deep.equal(['destroy'])
    })

    virtually('tells what its wire tells while it is made, once it is there', () => {
      const answers: boolean[] = []
      const wires: FakeWire[] = []
      dial<string, string>({ address: 'far' }, {}, line => {
        line.opened()
        line.received('a', 1)
        const wire = new ObedientWire(line)
        wires.push(wire)
        return wire
      }).subscribe(event => {
        if (event.type === 'open' || event.type === 'packet') answers.push(event.connection.send(event.type))
      })
      expect(answers).to.deep.equal([true, true])
      expect(wires[0]?.asked.filter(asked => asked.startsWith('write'))).to.deep.equal(['write open', 'write packet'])
    })

    virtually('ends a wire on which it was closed before that was there', () => {
      const wires: FakeWire[] = []
      const handles: Connection<string>[] = []
      dial<string, string>({ address: 'far' }, {}, line => {
        line.opened()
        handles[0]?.close()
        const wire = new ObedientWire(line)
        wires.push(wire)
        return wire
      }).subscribe({
        next: event => {
          if (event.type === 'connecting') handles.push(event.connection)
        },
        error: () => undefined,
      })
      expect(wires[0]?.asked).to.deep.equal(['resume', 'end'])
    })
  })

  describe('that sends', () => {
    virtually('answers true below the high mark, and false from there on', () => {
      const { connection, wire } = fakeOpen({ highWaterMark: 3 })
      expect([connection.send('a'), connection.send('b'), connection.send('c'), connection.send('d')]).to.deep.equal([
        true,
        true,
        false,
        false,
      ])
      expect(wire.asked).to.deep.equal(['write a', 'write b', 'write c', 'write d'])
    })

    virtually('counts what waits, as sizes on the wire', () => {
      const { connection, line } = fakeOpen()
      connection.send('four')
      connection.send('')
      expect([connection.bytesAccepted, connection.bytesWritten, connection.bufferedAmount]).to.deep.equal([4, 0, 4])
      line.written(3)
      expect([connection.bytesAccepted, connection.bytesWritten, connection.bufferedAmount]).to.deep.equal([4, 3, 1])
    })

    virtually('tells one drain at the low mark, however many sends were refused', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 4, lowWaterMark: 2 })
      connection.send('aaaa')
      connection.send('b')
      line.written(2)
      expect(told).to.deep.equal([])
      line.written(1)
      line.written(1)
      line.written(1)
      expect(told).to.deep.equal(['drain'])
    })

    virtually('tells no drain where no send was refused', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 4 })
      connection.send('aaa')
      line.written(3)
      expect(told).to.deep.equal([])
    })

    virtually('tells another drain after another refusal', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 1 })
      for (const packet of ['a', 'b']) {
        expect(connection.send(packet)).to.equal(false)
        line.written(1)
      }
      expect(told).to.deep.equal(['drain', 'drain'])
    })

    virtually('takes the high mark for the low one where that is higher', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 4, lowWaterMark: 9 })
      connection.send('aaaaaaa')
      line.written(2)
      expect(told).to.deep.equal([])
      line.written(1)
      expect(told).to.deep.equal(['drain'])
    })

    virtually('tells no drain once it is closing', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 1 })
      connection.send('a')
      connection.end()
      line.written(1)
      expect(told).to.deep.equal([])
    })

    virtually('but to who holds it meanwhile, as he may wait for that', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 1 })
      connection.send('a')
      connection.pause()
      connection.close()
      line.written(1)
      expect(told).to.deep.equal(['drain'])
    })

    virtually('answers true where the wire takes all at once', () => {
      const { connection, wire, line, told } = fakeOpen({ highWaterMark: 1 })
      wire.write = packet => {
        line.written(packet.length)
      }
      expect([connection.send('a'), connection.send('b')]).to.deep.equal([true, true])
      expect(told).to.deep.equal([])
    })

    virtually('throws at its sender what can not be sent, and counts nothing', () => {
      const { connection, wire } = fakeOpen()
      expect(() => connection.send('unsendable')).to.throw(TypeError, 'unsendable')
      expect([connection.state, connection.bytesAccepted, wire.asked]).to.deep.equal(['open', 0, []])
    })

    virtually('takes as much as maxBuffered, and is destroyed by more', () => {
      const { connection, wire, told } = fakeOpen({ maxBuffered: 4 })
      connection.send('abc')
      connection.send('d')
      expect(connection.state).to.equal('open')
      expect(connection.send('e')).to.equal(false)
      expect(told).to.deep.equal(['close error ERR_SEND_OVERFLOW, 4 unsent', 'error ERR_SEND_OVERFLOW'])
      expect(wire.asked).to.deep.equal(['write abc', 'write d', 'destroy'])
    })

    virtually('says how much would have waited, and what the limit is', () => {
      const { connection, events } = fakeOpen({ maxBuffered: 4 })
      connection.send('abcde')
      const close = closeOf(events)
      expect(close?.error?.message).to.match(/^5 bytes would wait to be sent, more than the 4 of maxBuffered/)
    })
  })

  describe('that receives', () => {
    virtually('counts what came over the network, and tells packets as they are', () => {
      const { connection, line, told } = fakeOpen()
      line.received('abc', 7)
      expect([connection.bytesRead, told]).to.deep.equal([7, ['packet abc']])
    })

    virtually('starts to read when it has a wire', () => {
      expect(fakeDial().wire.asked).to.deep.equal(['resume'])
    })

    virtually('stops to read while a packet waits for its turn to be told, and goes on behind it', () => {
      const asked: string[][] = []
      const { wire, told, line } = fakeOpen({}, (event, peer) => {
        if (event.type !== 'packet' || event.packet !== 'a') return
        peer.received('b', 1)
        asked.push([...wire.asked])
      })
      line.received('a', 1)
      expect([told, asked, wire.asked]).to.deep.equal([['packet a', 'packet b'], [['pause']], ['pause', 'resume']])
    })
  })

  describe('that is paused', () => {
    virtually('reads no more, also where a packet waited for its turn meanwhile', () => {
      const { wire, line } = fakeOpen({}, (event, peer) => {
        if (event.type !== 'packet' || event.packet !== 'a') return
        peer.received('b', 1)
        event.connection.pause()
      })
      line.received('a', 1)
      expect(wire.asked.at(-1)).to.equal('pause')
    })

    virtually('holds packets, the end and an orderly close, and tells them in order when it goes on', () => {
      const { connection, line, told, wire } = fakeOpen()
      const hold = connection.pause()
      line.received('a', 1)
      line.received('b', 1)
      line.ended()
      line.closed()
      expect([told, connection.paused, connection.bytesRead]).to.deep.equal([[], true, 2])
      hold.unsubscribe()
      expect(told).to.deep.equal(['packet a', 'packet b', 'end', 'close remote', 'complete'])
      expect(wire.asked[0]).to.equal('pause')
    })

    virtually('tells that it is open, and that there is room', () => {
      const { connection, line, told } = fakeDial({ highWaterMark: 1 })
      connection.pause()
      line.opened()
      connection.send('a')
      line.written(1)
      expect(told).to.deep.equal(['connecting', 'open', 'drain'])
    })

    virtually('tells a failure at once, and nothing of what it held', () => {
      const { connection, line, told } = fakeOpen()
      const hold = connection.pause()
      line.received('a', 1)
      line.closed(reset())
      hold.unsubscribe()
      expect(told).to.deep.equal(['close error ECONNRESET', 'error ECONNRESET'])
      expect(connection.paused).to.equal(false)
    })

    virtually('goes on when the last of several holders has let go, each of whom counts once', () => {
      const { connection, line, told, wire } = fakeOpen()
      const [one, other] = [connection.pause(), connection.pause()]
      line.received('a', 1)
      one.unsubscribe()
      one.unsubscribe()
      expect([told, connection.paused, wire.asked]).to.deep.equal([[], true, ['pause']])
      other.unsubscribe()
      expect([told, connection.paused, wire.asked]).to.deep.equal([['packet a'], false, ['pause', 'resume']])
    })

    virtually('does not read when it was paused before it had a wire', () => {
      const { wire, connection } = fakeDial({}, event => {
        if (event.type === 'connecting') event.connection.pause()
      })
      expect([wire.asked, connection.paused]).to.deep.equal([['pause'], true])
    })

    virtually('tells no more when it is paused again by what it tells', () => {
      const holds: Subscription[] = []
      const { connection, line, told, wire } = fakeOpen({}, event => {
        if (event.type === 'packet') holds.push(event.connection.pause())
      })
      holds.push(connection.pause())
      for (const packet of ['a', 'b', 'c']) line.received(packet, 1)
      holds.pop()?.unsubscribe()
      expect([told, wire.asked]).to.deep.equal([['packet a'], ['pause', 'pause']])
      holds.pop()?.unsubscribe()
      expect(told).to.deep.equal(['packet a', 'packet b'])
      holds.pop()?.unsubscribe()
      holds.pop()?.unsubscribe()
      expect([told, wire.asked.at(-1)]).to.deep.equal([['packet a', 'packet b', 'packet c'], 'resume'])
    })

    virtually('tells what it held in its turn when it is let go inside of next', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 1 }, event => {
        if (event.type !== 'drain') return
        hold.unsubscribe()
        told.push('still in next')
      })
      const hold = connection.pause()
      line.received('a', 1)
      connection.send('b')
      line.written(1)
      expect(told).to.deep.equal(['drain', 'still in next', 'packet a'])
    })

    virtually('goes on only if nobody holds it any more when next has returned', () => {
      const again: Subscription[] = []
      const { connection, line, told, wire } = fakeOpen({ highWaterMark: 1 }, event => {
        if (event.type !== 'drain') return
        hold.unsubscribe()
        again.push(event.connection.pause())
      })
      const hold = connection.pause()
      line.received('a', 1)
      connection.send('b')
      line.written(1)
      expect([told, wire.asked.includes('resume')]).to.deep.equal([['drain'], false])
      again.pop()?.unsubscribe()
      expect([told, wire.asked.at(-1)]).to.deep.equal([['drain', 'packet a'], 'resume'])
    })

    virtually('tells what it held once, however often it is let go inside of next', () => {
      const { connection, line, told, wire } = fakeOpen({ highWaterMark: 1 }, event => {
        if (event.type !== 'drain') return
        hold.unsubscribe()
        event.connection.pause().unsubscribe()
      })
      const hold = connection.pause()
      line.received('a', 1)
      connection.send('b')
      line.written(1)
      expect(told).to.deep.equal(['drain', 'packet a'])
      expect(wire.asked.filter(method => method === 'resume')).to.have.length(1)
    })

    virtually(
      'tells nothing more of what it held once that is the cause to destroy it, though its peer has closed',
      () => {
        const { connection, line, told } = fakeOpen({}, event => {
          if (event.type === 'packet') event.connection.destroy(reset())
        })
        const hold = connection.pause()
        line.received('a', 1)
        line.received('b', 1)
        line.closed()
        hold.unsubscribe()
        expect(told).to.deep.equal(['packet a', 'close error ECONNRESET', 'error ECONNRESET'])
      },
    )

    virtually('can be destroyed, even where its close is held', () => {
      const { connection, line, told, wire } = fakeOpen()
      const hold = connection.pause()
      line.received('a', 1)
      line.ended()
      line.closed()
      connection.destroy(reset())
      hold.unsubscribe()
      expect(told).to.deep.equal(['close error ECONNRESET', 'error ECONNRESET'])
      expect(wire.asked).to.deep.equal(['pause'])
    })

    virtually('closes once, though it is destroyed while its close waits for its turn', () => {
      const { connection, line, told } = fakeOpen({ highWaterMark: 1 }, (event, peer) => {
        if (event.type !== 'drain') return
        peer.closed()
        event.connection.destroy(reset())
      })
      const hold = connection.pause()
      line.received('a', 1)
      connection.send('b')
      line.written(1)
      hold.unsubscribe()
      expect(told).to.deep.equal(['drain', 'packet a', 'close remote', 'complete'])
    })

    virtually('can be left, and reads on to see the end of its peer', () => {
      const { connection, line, told, wire, subscription } = fakeOpen()
      const hold = connection.pause()
      subscription.unsubscribe()
      hold.unsubscribe()
      line.received('a', 1)
      line.ended()
      line.closed()
      expect(told).to.deep.equal([])
      expect(wire.asked).to.deep.equal(['pause', 'resume', 'end'])
    })

    virtually('can be closed, but sees the end of its peer only when it goes on', () => {
      const { connection, line, told, wire } = fakeOpen()
      const hold = connection.pause()
      connection.close()
      line.ended()
      expect([told, wire.asked]).to.deep.equal([[], ['pause', 'end']])
      hold.unsubscribe()
      line.closed()
      expect(told).to.deep.equal(['end', 'close local', 'complete'])
    })

    virtually('is not paused once it has closed', () => {
      const { connection, line, told } = fakeOpen()
      line.ended()
      line.closed()
      connection.pause()
      expect([connection.paused, told]).to.deep.equal([false, ['end', 'close remote', 'complete']])
    })

    virtually('may be held by one more while its close is held', () => {
      const { connection, line, told } = fakeOpen()
      const one = connection.pause()
      line.closed()
      const other = connection.pause()
      one.unsubscribe()
      expect(told).to.deep.equal([])
      other.unsubscribe()
      expect(told).to.deep.equal(['close remote', 'complete'])
    })
  })

  describe('that ends', () => {
    virtually('ends its wire once, takes nothing more, and reads on', () => {
      const { connection, line, told, wire } = fakeOpen()
      connection.send('a')
      connection.end()
      connection.end()
      expect([connection.state, connection.send('b'), wire.asked]).to.deep.equal(['closing', false, ['write a', 'end']])
      line.received('c', 1)
      line.ended()
      line.closed()
      expect(told).to.deep.equal(['packet c', 'end', 'close local, 1 unsent', 'complete'])
    })

    virtually('knows no deadline, unless it is closed too', () => {
      const { connection, told } = fakeOpen({ closeTimeout: 10 })
      connection.end()
      at(1000, () => {
        expect(told).to.deep.equal([])
        connection.close()
      })
      at(1009, () => {
        expect(told).to.deep.equal([])
      })
      at(1011, () => {
        expect(told[0]).to.equal('close local ERR_CLOSE_TIMEOUT')
      })
    })

    virtually('answers the end of its peer with its own, once that has been told', () => {
      const { line, told, wire } = fakeOpen({}, event => {
        if (event.type === 'end') told.push(`${event.connection.state} ${String(event.connection.send('bye'))}`)
      })
      line.ended()
      expect(wire.asked).to.deep.equal(['write bye', 'end'])
      line.written(3)
      line.closed()
      expect(told).to.deep.equal(['end', 'open true', 'close remote', 'complete'])
    })

    virtually('answers it only when it is let go, if it is held by then', () => {
      let hold: Subscription | undefined
      const { connection, line, wire } = fakeOpen({}, event => {
        if (event.type === 'end') hold = event.connection.pause()
      })
      line.ended()
      expect([connection.state, wire.asked]).to.deep.equal(['open', ['pause']])
      hold?.unsubscribe()
      expect([connection.state, wire.asked]).to.deep.equal(['closing', ['pause', 'resume', 'end']])
    })

    virtually('does not answer it with halfOpen, and may still send', () => {
      const { connection, line, told, wire } = fakeOpen({ halfOpen: true })
      line.ended()
      const hold = connection.pause()
      hold.unsubscribe()
      expect([connection.state, connection.send('a')]).to.deep.equal(['open', true])
      connection.end()
      line.written(1)
      line.closed()
      expect(wire.asked).to.deep.equal(['pause', 'resume', 'write a', 'end'])
      expect(told).to.deep.equal(['end', 'close remote', 'complete'])
    })

    virtually('bounds its answer by the close deadline', () => {
      const { line, told } = fakeOpen({ closeTimeout: 10 })
      line.ended()
      at(10, () => {
        expect(told).to.deep.equal(['end', 'close timeout ERR_CLOSE_TIMEOUT', 'error ERR_CLOSE_TIMEOUT'])
      })
    })
  })

  describe('that closes', () => {
    const reasons: Readonly<Record<string, (dialled: ReturnType<typeof fakeOpen>) => void>> = {
      'close remote': ({ line }) => {
        line.ended()
      },
      'close remote ': () => undefined,
      'close local': ({ connection }) => {
        connection.close()
      },
      'close shutdown': ({ connection }) => {
        connection.close('shutdown')
      },
      'close local  ': ({ connection }) => {
        connection.close()
        connection.close('shutdown')
      },
      'close shutdown ': ({ connection }) => {
        connection.end()
        connection.close('shutdown')
      },
      'close local   ': ({ connection, line }) => {
        connection.end()
        line.ended()
      },
      'close local    ': ({ connection, line }) => {
        connection.close()
        line.ended()
      },
      'close remote  ': ({ connection, line }) => {
        line.ended()
        connection.close()
      },
    }
    for (const [close, act] of Object.entries(reasons)) {
      virtually(
        `says why: ${close.trim().slice(6)}, after ${act
          .toString()
          .replace(/^.*?=> /, '')
          .replace(/\s+/g, ' ')}`,
        () => {
          const dialled = fakeOpen()
          act(dialled)
          dialled.line.closed()
          expect(dialled.told.slice(-2)).to.deep.equal([close.trim(), 'complete'])
        },
      )
    }

    virtually('says error for one that the system reports, and timeout for one whose code says so', () => {
      const codes = { ECONNRESET: 'error', ERR_HANDSHAKE_TIMEOUT: 'timeout', ETIMEDOUT: 'error' }
      for (const [code, reason] of Object.entries(codes)) {
        const { line, told } = fakeOpen()
        line.closed(Object.assign(new Error(), { code }))
        expect(told).to.deep.equal([`close ${reason} ${code}`, `error ${code}`])
      }
      const { line, told } = fakeOpen()
      line.closed(new Error('without a code'))
      expect(told[0]).to.equal('close error without a code')
    })

    virtually('says that we closed where the system fails after that', () => {
      const { connection, line, told } = fakeOpen()
      connection.close('shutdown')
      line.closed(reset())
      expect(told).to.deep.equal(['close shutdown ECONNRESET', 'error ECONNRESET'])
    })

    virtually('says that the peer failed after it had ended', () => {
      const { line, told } = fakeOpen({ halfOpen: true })
      line.ended()
      line.closed(reset())
      expect(told).to.deep.equal(['end', 'close error ECONNRESET', 'error ECONNRESET'])
    })

    virtually('tells how much was not written', () => {
      const { connection, line, told } = fakeOpen()
      connection.send('abc')
      line.written(1)
      line.closed(reset())
      expect(told[0]).to.equal('close error ECONNRESET, 2 unsent')
    })

    virtually('gives up at the deadline exactly, and says what was unfinished', () => {
      const { connection, events } = fakeOpen({ closeTimeout: 10 })
      at(5, () => {
        connection.send('abc')
        connection.close()
        at(9, () => {
          expect(events.at(-1)?.type).to.equal('open')
        })
        at(10, () => {
          expect(closeOf(events)).to.include({ reason: 'local', bytesUnsent: 3 })
          expect(closeOf(events)?.error?.message).to.equal('not closed within 10 ms: 3 bytes wait for the peer to read')
        })
      })
    })

    virtually('says so where the peer has not finished', () => {
      const { connection, events } = fakeOpen({ closeTimeout: 10 })
      connection.close()
      connection.close()
      at(10, () => {
        const close = closeOf(events)
        expect(close?.error?.message).to.equal('not closed within 10 ms: the peer has not finished sending')
      })
    })

    virtually('knows no deadline where there is none', () => {
      const { connection, told } = fakeOpen({ closeTimeout: Infinity })
      connection.close()
      at(1e9, () => {
        expect(told).to.deep.equal([])
      })
    })

    it('leaves no timer', () => {
      const scheduler = new TestScheduler(sameDiagram)
      scheduler.run(() => {
        const { connection, line } = fakeOpen()
        connection.send('a')
        line.blocked()
        connection.close()
        expect(scheduler.actions).not.to.deep.equal([])
        line.closed()
        expect(scheduler.actions).to.deep.equal([])
      })
    })
  })

  describe('whose writing stands still', () => {
    virtually('gives up when nothing was written for the time, and says so', () => {
      const { connection, line, events } = fakeOpen({ writeTimeout: 40 })
      at(5, () => {
        connection.send('abc')
        line.blocked()
      })
      at(25, () => {
        line.written(1)
      })
      at(64, () => {
        expect(events.at(-1)?.type).to.equal('open')
      })
      at(86, () => {
        const close = closeOf(events)
        expect(close).to.include({ reason: 'timeout', bytesUnsent: 2 })
        expect(close?.error?.message).to.equal('nothing written for 40 ms: 2 bytes wait for the peer to read')
      })
    })

    virtually('gives up exactly in time where nothing was written at all', () => {
      const { connection, line, told } = fakeOpen({ writeTimeout: 40 })
      connection.send('a')
      line.blocked()
      at(39, () => {
        expect(told).to.deep.equal([])
      })
      at(40, () => {
        expect(told[0]).to.equal('close timeout ERR_WRITE_TIMEOUT, 1 unsent')
      })
    })

    virtually('is not watched while nothing waits', () => {
      const { connection, line, told } = fakeOpen({ writeTimeout: 40 })
      connection.send('a')
      line.blocked()
      line.written(1)
      at(1000, () => {
        expect(told).to.deep.equal([])
      })
    })

    virtually('is not watched where there is no limit', () => {
      const { connection, line, told } = fakeOpen({ writeTimeout: Infinity })
      connection.send('a')
      line.blocked()
      at(1e9, () => {
        expect(told).to.deep.equal([])
      })
    })
  })

  describe('that is destroyed', () => {
    for (const state of ['open', 'closing'] as const) {
      virtually(`while ${state} destroys its wire, and tells the close when that has`, () => {
        const wires: FakeWire[] = []
        const told: string[] = []
        let handle: Connection<string> | undefined
        dial<string, string>({ address: 'far' }, {}, line => {
          const wire = new FakeWire(line)
          wires.push(wire)
          return wire
        }).subscribe({
          next: event => {
            told.push(event.type)
            if (event.type === 'connecting') handle = event.connection
          },
        })
        const [wire] = wires
        wire?.line.opened()
        if (state === 'closing') handle?.end()
        handle?.destroy()
        expect([handle?.state, told]).to.deep.equal(['closed', ['connecting', 'open']])
        wire?.line.received('late', 4)
        wire?.line.ended()
        wire?.line.written(0)
        wire?.line.closed(reset())
        wire?.line.closed()
        handle?.destroy()
        expect(told).to.deep.equal(['connecting', 'open', 'close'])
        expect(wire?.asked.filter(asked => asked === 'destroy')).to.have.length(1)
      })
    }

    virtually('says local without an error, and otherwise what the error is', () => {
      const cases: readonly [Error | undefined, readonly string[]][] = [
        [undefined, ['close local', 'complete']],
        [reset(), ['close error ECONNRESET', 'error ECONNRESET']],
        [
          Object.assign(new Error(), { code: 'ERR_IDLE_TIMEOUT' }),
          ['close timeout ERR_IDLE_TIMEOUT', 'error ERR_IDLE_TIMEOUT'],
        ],
      ]
      for (const [error, expected] of cases) {
        const { connection, told } = fakeOpen()
        connection.destroy(error)
        expect(told).to.deep.equal(expected)
      }
    })

    virtually('closes with an error, whatever it is destroyed with', () => {
      for (const thrown of ['plain text', 7, Object.create(null)] as unknown as Error[]) {
        for (const by of ['its user', 'its transport', 'the system']) {
          const { connection, line, events, told } = fakeOpen()
          if (by === 'its user') connection.destroy(thrown)
          else if (by === 'its transport') line.destroy(thrown)
          else line.closed(thrown)
          const close = closeOf(events)
          expect(close?.error, by).to.be.instanceOf(Error).and.include({ cause: thrown })
          expect([close?.reason, told.length], by).to.deep.equal(['error', 2])
        }
      }
    })

    virtually('by its transport, is destroyed like by its user', () => {
      const { line, told, wire } = fakeOpen()
      line.destroy(Object.assign(new Error(), { code: 'ERR_CONNECT_TIMEOUT' }))
      expect([told[0], wire.asked]).to.deep.equal(['close timeout ERR_CONNECT_TIMEOUT', ['destroy']])
    })

    virtually('does nothing any more', () => {
      const { connection, told, wire } = fakeOpen()
      connection.destroy()
      const [before, asked] = [[...told], [...wire.asked]]
      connection.close()
      connection.end()
      connection.destroy(reset())
      connection.pause().unsubscribe()
      expect([connection.send('a'), connection.paused, told, wire.asked]).to.deep.equal([false, false, before, asked])
    })
  })

  describe('whose wire throws', () => {
    const bug = new Error('a bug')
    const thrower = (): never => {
      throw bug
    }
    const acts: Readonly<Record<'write' | 'end' | 'pause' | 'resume', (connection: Connection<string>) => void>> = {
      write: connection => {
        expect(connection.send('a')).to.equal(false)
      },
      end: connection => {
        connection.end()
      },
      pause: connection => {
        connection.pause().unsubscribe()
      },
      resume: connection => {
        connection.pause().unsubscribe()
      },
    }
    for (const method of ['write', 'end', 'pause', 'resume'] as const) {
      virtually(`in ${method} is destroyed, and throws at nobody`, () => {
        const { connection, wire, told, events } = fakeOpen()
        wire[method] = thrower
        acts[method](connection)
        const unsent = method === 'write' ? ', 1 unsent' : ''
        expect(told).to.deep.equal([`close error ERR_HANDLER${unsent}`, 'error ERR_HANDLER'])
        expect(closeOf(events)?.error).to.include({ message: `Wire.${method} threw: a bug`, cause: bug })
        expect(wire.asked.at(-1)).to.equal('destroy')
      })
    }

    virtually('in share is destroyed, and throws at nobody', () => {
      const { connection, wire, told } = fakeOpen()
      Object.assign(wire, { share: thrower })
      const sends = connection as unknown as SendsEncoded<string>
      expect(sends[sendEncoded]([Buffer.from('ab')])).to.equal(false)
      expect(told).to.deep.equal(['close error ERR_HANDLER, 2 unsent', 'error ERR_HANDLER'])
    })

    virtually('in destroy has its close nevertheless, which says so', () => {
      const { connection, wire, told } = fakeOpen()
      wire.destroy = thrower
      connection.destroy()
      expect(told).to.deep.equal(['close local ERR_HANDLER', 'error ERR_HANDLER'])
    })

    virtually('in destroy too, closes with what went wrong first', () => {
      const { connection, wire, told } = fakeOpen()
      wire.destroy = thrower
      connection.destroy(reset())
      expect(told).to.deep.equal(['close error ECONNRESET', 'error ECONNRESET'])
    })

    virtually('as soon as it is there is a dial that fails', () => {
      const told: string[] = []
      let destroyed = false
      dial<string, string>({ address: 'far' }, {}, line => {
        const wire = new ObedientWire(line)
        wire.resume = thrower
        wire.destroy = () => {
          destroyed = true
          line.closed()
        }
        return wire
      }).subscribe({
        next: ({ type }) => told.push(type),
        error: (error: unknown) => told.push(String((error as { readonly code?: string }).code)),
      })
      expect([told, destroyed]).to.deep.equal([['connecting', 'close', 'ERR_HANDLER'], true])
    })

    virtually('once it is left harms nobody', () => {
      const { wire, told, subscription } = fakeOpen()
      wire.end = thrower
      subscription.unsubscribe()
      expect([told, wire.asked.at(-1)]).to.deep.equal([[], 'destroy'])
    })
  })

  describe('that is left', () => {
    virtually('flushes, ends, and is silent', () => {
      const { connection, line, told, wire, subscription } = fakeOpen({ highWaterMark: 1 })
      connection.send('abc')
      subscription.unsubscribe()
      line.received('late', 4)
      line.written(3)
      line.ended()
      line.closed()
      expect([told, connection.bytesRead, connection.state]).to.deep.equal([[], 4, 'closed'])
      expect(wire.asked).to.deep.equal(['write abc', 'resume', 'end'])
    })

    virtually('gives up at the close deadline', () => {
      const { subscription, wire } = fakeOpen({ closeTimeout: 10 })
      subscription.unsubscribe()
      at(9, () => {
        expect(wire.asked).to.deep.equal(['resume', 'end'])
      })
      at(10, () => {
        expect(wire.asked).to.deep.equal(['resume', 'end', 'destroy'])
      })
    })

    virtually('while closing is bounded too', () => {
      const { connection, subscription, wire } = fakeOpen({ closeTimeout: 10 })
      connection.end()
      at(100, () => {
        subscription.unsubscribe()
        at(9, () => {
          expect(wire.asked).to.deep.equal(['end', 'resume'])
        })
        at(10, () => {
          expect(wire.asked).to.deep.equal(['end', 'resume', 'destroy'])
        })
      })
    })

    virtually('once closed has nothing left to do', () => {
      const { connection, line, wire, subscription } = fakeOpen()
      connection.pause()
      line.closed()
      subscription.unsubscribe()
      expect(wire.asked).to.deep.equal(['pause'])
    })

    it('leaves no timer where reading on is its end, or fails', () => {
      for (const fails of [false, true]) {
        const scheduler = new TestScheduler(sameDiagram)
        scheduler.run(() => {
          const { connection, line, wire, subscription } = fakeOpen()
          connection.pause()
          wire.resume = () => {
            if (fails) throw new Error('a bug')
            line.closed()
          }
          subscription.unsubscribe()
          expect([connection.state, scheduler.actions]).to.deep.equal(['closed', []])
        })
      }
    })
  })

  describe('that is called inside of next', () => {
    virtually('tells what that causes when next has returned, in order', () => {
      const { line, told } = fakeOpen({}, (event, peer) => {
        if (event.type !== 'packet' || event.packet !== 'a') return
        peer.received('b', 1)
        peer.ended()
        peer.closed()
        told.push('returned')
      })
      line.received('a', 1)
      expect(told).to.deep.equal(['packet a', 'returned', 'packet b', 'end', 'close remote', 'complete'])
    })

    virtually('tells nothing of what waited when it is destroyed there', () => {
      const { line, told } = fakeOpen({}, (event, peer) => {
        if (event.type !== 'packet') return
        peer.received('b', 1)
        event.connection.destroy()
      })
      line.received('a', 1)
      expect(told).to.deep.equal(['packet a', 'close local', 'complete'])
    })

    virtually('holds what waited when it is paused there', () => {
      let hold: Subscription | undefined
      const { line, told } = fakeOpen({}, (event, peer) => {
        if (event.type !== 'packet' || event.packet !== 'a') return
        peer.received('b', 1)
        hold = event.connection.pause()
      })
      line.received('a', 1)
      expect(told).to.deep.equal(['packet a'])
      hold?.unsubscribe()
      expect(told).to.deep.equal(['packet a', 'packet b'])
    })
  })

  describe('that is handed over', () => {
    virtually('gives its wire, and the bytes that it holds, once', () => {
      const wires: FakeWire[] = []
      let handle: Connection | undefined
      dial({ address: 'far' }, {}, line => {
        const wire = new ObedientWire(line as never)
        wires.push(wire)
        return wire as never
      }).subscribe(event => {
        if (event.type === 'connecting') handle = event.connection
      })
      if (handle === undefined) throw new Error('no handle')
      const [wire] = wires
      expect(handOver(handle)).to.equal(undefined)
      wire?.line.opened()
      handle.pause()
      const bytes = new Uint8Array([1, 2])
      wire?.line.received(bytes as never, 2)
      wire?.line.ended()
      const given = handOver(handle)
      expect(given).to.include({ wire })
      expect(given?.take()).to.deep.equal([bytes])
      expect(given?.take()).to.deep.equal([])
      handle.end()
      expect(handOver(handle)).to.equal(undefined)
    })

    virtually('gives the bytes behind the packet that it tells, and keeps the end behind them', () => {
      const taken: unknown[] = []
      const { connection, line, told } = fakeOpen({}, event => {
        if (event.type === 'packet') taken.push(handOver(event.connection)?.take())
      })
      const bytes = new Uint8Array([1, 2])
      const hold = connection.pause()
      line.received('a', 1)
      line.received(bytes as never, 2)
      line.ended()
      hold.unsubscribe()
      expect(taken).to.deep.equal([[bytes]])
      expect(told).to.deep.equal(['packet a', 'end'])
    })

    virtually('copies as much as its wire does', () => {
      const { connection, wire } = fakeOpen()
      expect(copiedBy(connection)).to.equal(0)
      Object.assign(wire, { copies: 100 })
      expect(copiedBy(connection)).to.equal(100)
    })
  })
})
