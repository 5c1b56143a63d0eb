import { expect } from 'chai'
import { framed, lines } from 'sluice/framing'
import { serve } from 'sluice/server'
import { memory } from 'sluice/testing'
import { CYCLES, growth, WARM_UP } from '../support/growth.js'

describe('A hundred thousand visitors, one after the other,', function () {
  this.timeout(60_000)

  it('leave nothing behind in a server that has a limit for each address, and deadlines', () => {
    const net = memory()
    const server = serve(net.listen({ port: 1 }).pipe(framed(lines())), packets => packets, {
      maxConnections: 10,
      maxPerAddress: 10,
      firstPacketTimeout: 1_000,
    })
    const subscription = server.subscribe()
    let answers = 0
    const visitor = net.connect({ port: 1 }).pipe(framed(lines()))
    const cycle = (): void => {
      const visit = visitor.subscribe(event => {
        if (event.type === 'open') event.connection.send('hello')
        if (event.type === 'packet') answers += 1
      })
      visit.unsubscribe()
    }
    expect(growth(cycle)).to.be.below(20)
    expect(answers).to.equal(CYCLES + WARM_UP)
    expect(server.info()).to.include({ active: 0, peak: 1, accepted: CYCLES + WARM_UP, failures: 0 })
    expect(net.open).to.equal(1)
    subscription.unsubscribe()
  })
})
