import { expect } from 'chai'
import type { TypedEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { group, pool } from 'sluice/pool'
import { memory } from 'sluice/testing'
import { CYCLES, growth, WARM_UP } from '../support/growth.js'

describe('A hundred thousand connections, one after the other,', function () {
  this.timeout(60_000)

  it('leave nothing behind in a pool that opens and closes them', () => {
    const net = memory()
    net.listen({ port: 1 }).subscribe()
    const clients = pool(net.connect({ port: 1 }).pipe(framed(lines())), { size: 4, max: 4 })
    let closed = 0
    const subscription = clients.subscribe(({ type }: TypedEvent) => {
      if (type === 'close') closed += 1
    })
    const cycle = (): void => {
      clients.lease().subscribe().unsubscribe()
    }
    expect(growth(cycle)).to.be.below(20)
    expect(closed).to.equal(CYCLES + WARM_UP)
    expect(net.open).to.equal(1 + 2 * 4)
    subscription.unsubscribe()
  })

  it('leave nothing behind in a group that is subscribed to and left', () => {
    const net = memory()
    net.listen({ port: 1 }).subscribe()
    const clients = group(net.connect({ port: 1 }).pipe(framed(lines())))
    const cycle = (): void => {
      const subscription = clients.subscribe()
      clients.broadcast('hello')
      subscription.unsubscribe()
    }
    expect(growth(cycle)).to.be.below(20)
    expect(net.open).to.equal(1)
  })
})
