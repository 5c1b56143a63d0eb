import { expect } from 'chai'
import { Gate, type Admission } from 'sluice'
import { closingOf } from '#src/connection/closing.js'

describe('Gate', () => {
  /** A gate, and what it did with what was offered. */
  function gated(overrides: Partial<Admission<string>> = {}) {
    const done: string[] = []
    const gate: Gate<string> = new Gate({
      backlog: 2,
      endpoint: () => ({ address: 'here', port: 7 }),
      accept: who => done.push(`accept ${who}`),
      refuse: who => done.push(`refuse ${who}`),
      close: () => done.push('close'),
      ...overrides,
    })
    return { gate, done }
  }

  it('lets in what is offered, and counts it', () => {
    const { gate, done } = gated()
    gate.offer('a')
    gate.offer('b')
    expect(done).to.deep.equal(['accept a', 'accept b'])
    expect(gate).to.include({ accepted: 2, refused: 0, paused: false, closed: false })
    expect(gate.endpoint).to.deep.equal({ address: 'here', port: 7 })
  })

  it('holds while paused what is offered, up to its backlog, and turns away what is beyond', () => {
    const { gate, done } = gated()
    gate.pause()
    for (const who of ['a', 'b', 'c']) gate.offer(who)
    expect(done).to.deep.equal(['refuse c'])
    expect(gate).to.include({ accepted: 2, refused: 1, paused: true })
    gate.resume()
    gate.offer('d')
    expect(done).to.deep.equal(['refuse c', 'accept a', 'accept b', 'accept d'])
    expect(gate).to.include({ accepted: 3, paused: false })
  })

  it('turns away for whom there is no room in the process, and counts it apart', () => {
    const { gate, done } = gated()
    const full = new Error('full')
    gate.turnAway('a', full)
    gate.offer('b')
    expect(done).to.deep.equal(['refuse a', 'accept b'])
    expect(gate).to.include({ accepted: 1, refused: 0, shed: 1, failures: 1, lastFailure: full })
  })

  it('frees its port until it is resumed, and binds it once', () => {
    const { gate, done } = gated({ suspend: () => done.push('free'), restore: () => done.push('bind') })
    gate.suspend()
    gate.suspend()
    expect(gate).to.include({ paused: true, suspended: true })
    gate.resume()
    expect(gate).to.include({ paused: false, suspended: true })
    gate.restored()
    expect(gate).to.include({ paused: false, suspended: false })
    expect(done).to.deep.equal(['free', 'bind'])
  })

  it('frees its port again if it was suspended while it was being bound', () => {
    const { gate, done } = gated({ suspend: () => done.push('free'), restore: () => done.push('bind') })
    gate.suspend()
    gate.resume()
    gate.suspend()
    gate.restored()
    expect(done).to.deep.equal(['free', 'bind', 'free'])
    expect(gate.suspended).to.equal(true)
  })

  it('is paused where it can not free its port', () => {
    const { gate, done } = gated()
    gate.suspend()
    expect(gate).to.include({ paused: true, suspended: false })
    gate.offer('a')
    gate.resume()
    expect(done).to.deep.equal(['accept a'])
  })

  it('has room again when one of those that wait has left', () => {
    const { gate, done } = gated({ backlog: 1 })
    gate.pause()
    gate.offer('a')
    gate.withdraw('a')
    gate.withdraw('nobody')
    gate.offer('b')
    gate.resume()
    expect(done).to.deep.equal(['accept b'])
  })

  it('keeps those that wait when it is paused again by one that it lets in', () => {
    const { gate, done } = gated({
      accept: who => {
        done.push(`accept ${who}`)
        gate.pause()
      },
    })
    gate.pause()
    gate.offer('a')
    gate.offer('b')
    gate.resume()
    expect([done, gate.paused]).to.deep.equal([['accept a'], true])
    gate.resume()
    expect(done).to.deep.equal(['accept a', 'accept b'])
  })

  it('turns away those that wait when it closes, and everybody after that', () => {
    const { gate, done } = gated()
    gate.pause()
    gate.offer('a')
    gate.close()
    gate.close()
    gate.offer('b')
    gate.resume()
    expect(done).to.deep.equal(['refuse a', 'close', 'refuse b'])
    expect(gate).to.include({ accepted: 1, refused: 2, closed: true })
  })

  it('tells that it closes, and lets go of who was told', () => {
    const { gate, done } = gated()
    closingOf(gate).subscribe({ next: () => done.push('closing'), complete: () => done.push('no more') })
    gate.close()
    gate.close()
    expect(done).to.deep.equal(['close', 'closing', 'no more'])
  })

  it('turns away the others when it is closed by one that it lets in', () => {
    const { gate, done } = gated({
      accept: who => {
        done.push(`accept ${who}`)
        gate.close()
      },
    })
    gate.pause()
    gate.offer('a')
    gate.offer('b')
    gate.resume()
    expect(done).to.deep.equal(['accept a', 'refuse b', 'close'])
  })

  it('counts what the system failed to accept, and keeps what it said last', () => {
    const { gate, done } = gated()
    const [first, last] = [new Error('first'), new Error('last')]
    gate.failed(first)
    gate.failed(last)
    expect(gate).to.include({ failures: 2, lastFailure: last })
    expect(done).to.deep.equal([])
  })
})
