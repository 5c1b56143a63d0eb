import { expect } from 'chai'
import { take } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { dial, type Connection } from 'sluice'
import { fakeDial, ObedientWire } from '../support/fake-wire.js'

// The life of a dialled connection is the link's, and told in its spec.

describe('dial', () => {
  /** A spec in virtual time, so that what it leaves behind does not keep the process alive. */
  function virtually(title: string, test: () => void): void {
    it(title, () => {
      new TestScheduler(() => undefined).run(test)
    })
  }

  virtually('dials for each subscriber, when it subscribes, on a connection of its own', () => {
    const handles: Connection<string>[] = []
    let dials = 0
    const stream = dial<string, string>({ address: 'far' }, {}, line => {
      dials += 1
      return new ObedientWire(line)
    })
    expect(dials).to.equal(0)
    for (let count = 1; count <= 2; count += 1) {
      stream.subscribe(event => {
        if (event.type === 'connecting') handles.push(event.connection)
      })
      expect(dials).to.equal(count)
    }
    expect(new Set(handles.map(({ id }) => id)).size).to.equal(2)
  })

  virtually('completes after a close without an error, and errors after one with', () => {
    const [orderly, failing] = [fakeDial(), fakeDial()]
    orderly.line.closed()
    failing.line.closed(new Error('why'))
    expect(orderly.told).to.deep.equal(['connecting', 'close remote', 'complete'])
    expect(failing.told).to.deep.equal(['connecting', 'close error why', 'error why'])
  })

  virtually('ends in its turn, behind what waits', () => {
    const { line, told } = fakeDial({}, (event, peer) => {
      if (event.type !== 'open') return
      peer.received('a', 1)
      peer.closed(new Error('why'))
      told.push('returned')
    })
    line.opened()
    expect(told).to.deep.equal(['connecting', 'open', 'returned', 'close error why', 'error why'])
  })

  virtually('makes no wire for who leaves at connecting', () => {
    let dials = 0
    const told: string[] = []
    dial<string, string>({ address: 'far' }, {}, line => {
      dials += 1
      return new ObedientWire(line)
    })
      .pipe(take(1))
      .subscribe({ next: ({ type }) => told.push(type), complete: () => told.push('complete') })
    expect([told, dials]).to.deep.equal([['connecting', 'complete'], 0])
  })

  virtually('is silent once it has ended', () => {
    const { line, told } = fakeDial()
    line.opened()
    line.closed()
    line.received('late', 4)
    line.ended()
    line.opened()
    line.written(0)
    line.closed(new Error('late'))
    expect(told).to.deep.equal(['connecting', 'open', 'close remote', 'complete'])
  })
})
