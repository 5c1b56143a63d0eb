import { expect } from 'chai'
import { WrappedConnection, type Connection } from 'sluice'
import { recordingConnection } from 'sluice/testing'
import { handOver, handover } from '#src/connection/handover.js'

describe('WrappedConnection', () => {
  class Shouting extends WrappedConnection<string, string> {
    send(packet: string): boolean {
      return this.inner.send(packet.toUpperCase())
    }
  }

  it('sends in its own way', () => {
    const inner = recordingConnection<string>({ answer: false })
    expect(new Shouting(inner).send('hello')).to.equal(false)
    expect(inner.sent).to.deep.equal(['HELLO'])
  })

  it('is the connection that it wraps in everything else', () => {
    const inner = recordingConnection<string>({
      id: 'a',
      state: 'closing',
      local: { address: 'here' },
      remote: { address: 'there' },
      openedAt: 5,
      bufferedAmount: 1,
      bytesRead: 2,
      bytesAccepted: 3,
      bytesWritten: 4,
    })
    const wrapped: Connection<string> = new Shouting(inner)
    const properties = [
      'id',
      'state',
      'local',
      'remote',
      'openedAt',
      'tls',
      'paused',
      'bufferedAmount',
      'bytesRead',
      'bytesAccepted',
      'bytesWritten',
    ] as const
    for (const property of properties) expect(wrapped[property], property).to.equal(inner[property])
  })

  it('hands on what is asked', () => {
    const inner = recordingConnection<string>()
    const wrapped = new Shouting(inner)
    const error = new Error('enough')
    wrapped.pause().unsubscribe()
    wrapped.end()
    wrapped.close('shutdown')
    wrapped.close()
    wrapped.destroy(error)
    expect(inner.calls.map(({ at: _, ...call }) => call)).to.deep.equal([
      { call: 'pause' },
      { call: 'resume' },
      { call: 'end' },
      { call: 'close', reason: 'shutdown' },
      { call: 'close', reason: 'local' },
      { call: 'destroy', error },
    ])
  })

  it('has what else the one beneath has', () => {
    class Counting extends Shouting {
      count = 0

      get next(): number {
        return this.count + 1
      }

      add(): void {
        this.count += 1
      }
    }
    const counting = new Counting(recordingConnection())
    const wrapped = new Shouting(new Shouting(counting)) as Shouting & Pick<Counting, 'add' | 'count' | 'next'>
    wrapped.add()
    expect([wrapped.count, wrapped.next]).to.deep.equal([1, 2])
    expect(Reflect.get(wrapped, 'absent')).to.equal(undefined)
    expect(String(Reflect.get(wrapped, 'toString'))).to.equal(String(Reflect.get({}, 'toString')))
  })

  it('has as it is what somebody has given to the one beneath, though that is a function', () => {
    const greet = Object.assign(() => 'hello', { language: 'en' })
    const given = Object.assign(recordingConnection<string>(), { greet })
    for (const wrapped of [new Shouting(given), new Shouting(new Shouting(given))])
      expect(Reflect.get(wrapped, 'greet')).to.equal(greet)
  })

  it('has what is its own', () => {
    class Named extends Shouting {
      readonly name: string = 'below'
    }
    class Renamed extends Shouting {
      readonly name: string = 'above'
    }
    expect(new Renamed(new Named(recordingConnection())).name).to.equal('above')
  })

  it('can be looked at as a class', () => {
    expect(Reflect.get(Shouting.prototype, 'absent')).to.equal(undefined)
  })

  it('hands over the wire of what it wraps, if that has one', () => {
    const inner = recordingConnection<string>()
    expect(handOver(new Shouting(inner))).to.equal(undefined)
    const given = { wire: {} }
    expect(handOver(new Shouting(Object.assign(inner, { [handover]: () => given })))).to.equal(given)
  })
})
