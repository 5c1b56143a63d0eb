import { expect } from 'chai'
import { take, timer } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { bind, Gate, type ConnectionOptions, type Host, type Line } from 'sluice'
import { now } from '#src/connection/clock.js'
import { ObedientWire, words, type FakeEvent, type FakeWire } from '../support/fake-wire.js'

/** A spec in virtual time, so that what it leaves behind does not keep the process alive. */
function virtually(title: string, test: () => void): void {
  it(title, () => {
    new TestScheduler(() => undefined).run(test)
  })
}

const nobody = { backlog: 1, endpoint: () => ({ address: 'here', port: 1 }), accept() {}, refuse() {}, close() {} }

/** A listening stream whose system the test plays. */
function bound(options: ConnectionOptions = {}, onEvent: (event: FakeEvent) => void = () => {}) {
  const told: string[] = []
  const hosts: Host<string, string>[] = []
  let released = 0
  const subscription = bind<string, string>(options, host => {
    hosts.push(host)
    return () => {
      released += 1
    }
  }).subscribe({
    next: event => {
      told.push(words(event))
      onEvent(event)
    },
    error: (error: unknown) => told.push(`error ${(error as Error).message}`),
    complete: () => told.push('complete'),
  })
  const [host] = hosts as [Host<string, string>]
  return { host, told, subscription, released: () => released }
}

/** Takes in a connection on a fake wire. */
function accepted(host: Host<string, string>): FakeWire {
  const wires: FakeWire[] = []
  host.accept(line => {
    const wire = new ObedientWire(line)
    wires.push(wire)
    return wire
  })
  return wires[0] as FakeWire
}

describe('bind', () => {
  virtually('binds for each subscriber, when it subscribes', () => {
    let started = 0
    const stream = bind({}, () => {
      started += 1
      return () => undefined
    })
    expect(started).to.equal(0)
    stream.subscribe()
    stream.subscribe()
    expect(started).to.equal(2)
  })

  virtually('tells that it listens, with the listener', () => {
    const listeners: unknown[] = []
    const { host, told } = bound({}, event => {
      if (event.type === 'listening') listeners.push(event.listener)
    })
    const gate = new Gate(nobody)
    host.listening(gate)
    expect(told).to.deep.equal(['listening'])
    expect(listeners).to.deep.equal([gate])
  })

  virtually('tells no connecting of what is accepted, but its open when the wire has opened', () => {
    const { host, told } = bound()
    const { line } = accepted(host)
    expect(told).to.deep.equal([])
    line.opened()
    line.received('a', 1)
    line.closed()
    expect(told).to.deep.equal(['open', 'packet a', 'close remote'])
  })

  virtually('tells a connection that fails before it has opened as a close, and goes on', () => {
    const { host, told } = bound()
    accepted(host).line.closed(new Error('no handshake'))
    accepted(host).line.opened()
    expect(told).to.deep.equal(['close error no handshake', 'open'])
  })

  virtually('tells one whose wire can not be made as a close, and goes on', () => {
    const { host, told } = bound()
    host.accept(() => {
      throw new Error('no wire')
    })
    accepted(host).line.opened()
    expect(told).to.deep.equal(['close error no wire', 'open'])
  })

  virtually('keeps the lives of connections apart', () => {
    const ids = new Set<string>()
    const { host, told } = bound({}, event => {
      if ('connection' in event) ids.add(event.connection.id)
    })
    const [one, other] = [accepted(host).line, accepted(host).line]
    one.opened()
    other.opened()
    one.received('a', 1)
    other.received('b', 1)
    one.closed(new Error('reset'))
    other.received('c', 1)
    other.closed()
    expect(told).to.deep.equal([
      'open',
      'open',
      'packet a',
      'packet b',
      'close error reset',
      'packet c',
      'close remote',
    ])
    expect(ids.size).to.equal(2)
  })

  virtually('completes when the listener has closed, and the last of its connections', () => {
    const { host, told, released } = bound()
    const [one, other] = [accepted(host).line, accepted(host).line]
    one.opened()
    other.opened()
    one.closed()
    host.closed()
    expect(told).to.deep.equal(['open', 'open', 'close remote'])
    other.closed(new Error('reset'))
    expect(told.slice(3)).to.deep.equal(['close error reset', 'complete'])
    expect(released()).to.equal(1)
  })

  virtually('completes at once when the listener closes and nothing is open', () => {
    const { host, told } = bound()
    accepted(host).line.closed()
    host.closed()
    expect(told).to.deep.equal(['close remote', 'complete'])
  })

  virtually('waits for a connection that is held, though it has closed', () => {
    const holds: { unsubscribe(): void }[] = []
    const { host, told } = bound({}, event => {
      if (event.type === 'open') holds.push(event.connection.pause())
    })
    const { line } = accepted(host)
    line.opened()
    line.closed()
    host.closed()
    expect(told).to.deep.equal(['open'])
    holds.pop()?.unsubscribe()
    expect(told).to.deep.equal(['open', 'close remote', 'complete'])
  })

  virtually('errors when it can not be bound, or is lost, and flushes what is open', () => {
    const { host, told, released } = bound()
    const wire = accepted(host)
    wire.line.opened()
    host.failed(new Error('lost'))
    expect(told).to.deep.equal(['open', 'error lost'])
    expect([wire.asked, released()]).to.deep.equal([['resume', 'resume', 'end'], 1])
  })

  virtually('is silent when it is left, releases the port, and flushes what is open', () => {
    const { host, told, subscription, released } = bound()
    const [opening, open] = [accepted(host), accepted(host)]
    open.line.opened()
    subscription.unsubscribe()
    open.line.received('late', 4)
    open.line.ended()
    open.line.closed()
    host.failed(new Error('late'))
    host.closed()
    expect([told, released()]).to.deep.equal([['open'], 1])
    expect([opening.asked, open.asked]).to.deep.equal([
      ['resume', 'destroy'],
      ['resume', 'resume', 'end'],
    ])
  })

  virtually('releases the port when it is left as soon as it is bound', () => {
    let released = 0
    const told: string[] = []
    bind({}, host => {
      host.listening(new Gate(nobody))
      return () => {
        released += 1
      }
    })
      .pipe(take(1))
      .subscribe({ next: ({ type }) => told.push(type), complete: () => told.push('complete') })
    expect([told, released]).to.deep.equal([['listening', 'complete'], 1])
  })

  virtually('destroys what is accepted when it was left', () => {
    const { host, subscription, told } = bound()
    subscription.unsubscribe()
    const wire = accepted(host)
    wire.line.opened()
    expect([told, wire.asked.at(-1)]).to.deep.equal([[], 'destroy'])
  })

  virtually('tells in their turn connections that come while another is told', () => {
    const lines: Line<string>[] = []
    const { host, told } = bound({}, event => {
      if (event.type !== 'open' || lines.length > 1) return
      lines.push(accepted(host).line)
      lines[1]?.opened()
      told.push('returned')
    })
    const [wire] = [accepted(host)]
    lines.push(wire.line)
    wire.line.opened()
    expect(told).to.deep.equal(['open', 'returned', 'open'])
  })

  virtually('closes each by its own deadline', () => {
    const { host, told } = bound({ closeTimeout: 10 }, event => {
      if (event.type === 'open') event.connection.close()
      if (event.type === 'close') told.push(String(now()))
    })
    for (const ms of [1, 4]) timer(ms).subscribe(() => accepted(host).line.opened())
    timer(20).subscribe(() => {
      const close = 'close local ERR_CLOSE_TIMEOUT'
      expect(told).to.deep.equal(['open', 'open', close, '11', close, '14'])
    })
  })
})
