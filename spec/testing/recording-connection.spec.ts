import { expect } from 'chai'
import { recordingConnection } from 'sluice/testing'
import { run } from '../support/run.js'

describe('recordingConnection', () => {
  it('is open, has an identity, and has nothing to do with any other', () => {
    const [one, other] = [recordingConnection(), recordingConnection()]
    expect(one).to.include({ state: 'open', paused: false, bufferedAmount: 0, openedAt: undefined })
    expect(one.id).not.to.equal(other.id)
  })

  it('is what the test says that it is, at the start and later', () => {
    const connection = recordingConnection({
      id: 'c',
      state: 'connecting',
      bufferedAmount: 7,
      remote: { address: 'far' },
    })
    expect(connection).to.deep.include({ id: 'c', state: 'connecting', bufferedAmount: 7, remote: { address: 'far' } })
    connection.state = 'open'
    connection.bytesRead = 5
    expect(connection).to.include({ state: 'open', bytesRead: 5 })
  })

  it('keeps what is sent, and answers that there is room', () => {
    const connection = recordingConnection<string>()
    expect([connection.send('a'), connection.send('b')]).to.deep.equal([true, true])
    expect(connection.sent).to.deep.equal(['a', 'b'])
  })

  it('answers as the test wants it', () => {
    const connection = recordingConnection<string>({ answer: false })
    expect(connection.send('a')).to.equal(false)
    connection.answer = packet => packet === 'c'
    expect([connection.send('b'), connection.send('c')]).to.deep.equal([false, true])
    expect(connection.sent).to.deep.equal(['a', 'b', 'c'])
  })

  it('throws as the test wants it, and has then taken nothing', () => {
    const connection = recordingConnection<string>()
    connection.answer = () => {
      throw new TypeError('unsendable')
    }
    expect(() => connection.send('a')).to.throw(TypeError, 'unsendable')
    expect(connection.sent).to.deep.equal([])
  })

  for (const state of ['connecting', 'closing', 'closed'] as const) {
    it(`takes nothing while ${state}`, () => {
      const connection = recordingConnection<string>({ state })
      expect(connection.send('a')).to.equal(false)
      expect([connection.sent, connection.calls]).to.deep.equal([[], []])
    })
  }

  it('follows what is asked with its state, and records it once', () => {
    const ending = recordingConnection()
    ending.end()
    ending.end()
    expect(ending.state).to.equal('closing')
    ending.close('shutdown')
    ending.close()
    const error = new Error('enough')
    ending.destroy(error)
    ending.destroy()
    ending.close()
    ending.pause().unsubscribe()
    expect(ending).to.include({ state: 'closed', paused: false })
    expect(ending.calls.map(({ at: _, ...call }) => call)).to.deep.equal([
      { call: 'end' },
      { call: 'close', reason: 'shutdown' },
      { call: 'close', reason: 'local' },
      { call: 'destroy', error },
    ])
  })

  it('is closed at once where it had not opened', () => {
    const connection = recordingConnection({ state: 'connecting' })
    connection.end()
    expect(connection.state).to.equal('connecting')
    connection.close()
    expect(connection.state).to.equal('closed')
  })

  it('is paused until the last holder lets go', () => {
    const connection = recordingConnection()
    const [one, other] = [connection.pause(), connection.pause()]
    one.unsubscribe()
    one.unsubscribe()
    expect(connection.paused).to.equal(true)
    other.unsubscribe()
    expect(connection.paused).to.equal(false)
    expect(connection.calls.map(({ call }) => call)).to.deep.equal(['pause', 'resume'])
  })

  it('tells what is asked, from the start, to whoever comes', () => {
    const connection = recordingConnection<string>()
    connection.send('a')
    const told: string[] = []
    const subscription = connection.asked.subscribe(({ call }) => told.push(call))
    connection.end()
    expect(told).to.deep.equal(['send', 'end'])
    subscription.unsubscribe()
    connection.close()
    expect(told).to.deep.equal(['send', 'end'])
  })

  it('knows the frame of each call in a marble test', () =>
    run(({ at, flush }) => {
      const connection = recordingConnection<string>()
      at('--a--b', {
        a: () => connection.send('a'),
        b: () => {
          connection.close()
        },
      })
      flush()
      expect(connection.calls.map(({ at: frame }) => frame)).to.deep.equal([2, 5])
    }))
})
