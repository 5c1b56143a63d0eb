import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import type { TypedEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { group, pool } from 'sluice/pool'
import { memory } from 'sluice/testing'

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

const CYCLES = 100_000
const WARM_UP = 5_000

/** By how many bytes of heap a cycle makes a program grow, when all garbage is collected. */
function growth(cycle: () => void): number {
  for (let count = 0; count < WARM_UP; count += 1) cycle()
  const before = heap()
  for (let count = 0; count < CYCLES; count += 1) cycle()
  return (heap() - before) / CYCLES
}

function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
