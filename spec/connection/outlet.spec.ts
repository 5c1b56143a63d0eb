import { expect } from 'chai'
import { Observable, type Subscriber } from 'rxjs'
import { Outlet } from '#src/connection/outlet.js'

describe('Outlet', () => {
  /** An outlet, and what has come out of it; `next` is what its subscriber does meanwhile. */
  function open(next: (event: string, outlet: Outlet<string>) => void = () => {}) {
    const told: string[] = []
    const outlets: Outlet<string>[] = []
    const subscription = new Observable((subscriber: Subscriber<string>) => {
      outlets.push(new Outlet(subscriber))
    }).subscribe({
      next: event => {
        told.push(event)
        next(event, outlet)
      },
      error: (error: unknown) => told.push(`error ${String(error)}`),
      complete: () => told.push('complete'),
    })
    const [outlet] = outlets as [Outlet<string>]
    return { told, outlet, subscription }
  }

  it('tells at once what comes while nothing else is told', () => {
    const { told, outlet } = open()
    outlet.tell('a')
    outlet.run(() => {
      outlet.next('b')
    })
    expect([told, outlet.busy]).to.deep.equal([['a', 'b'], false])
  })

  it('tells what is caused meanwhile behind it, in order, and what that causes behind that', () => {
    const { told, outlet } = open((event, to) => {
      if (event === 'a') {
        to.tell('b')
        to.run(() => {
          to.next('c')
        })
        told.push('returned from a')
      }
      if (event === 'b') to.tell('d')
    })
    outlet.tell('a')
    expect([told, outlet.busy]).to.deep.equal([['a', 'returned from a', 'b', 'c', 'd'], false])
  })

  it('knows that it is busy as long as something is told, or waits', () => {
    const busy: boolean[] = []
    const { outlet } = open((event, to) => {
      busy.push(to.busy)
      if (event === 'a') to.tell('b')
    })
    outlet.tell('a')
    expect([busy, outlet.busy]).to.deep.equal([[true, true], false])
  })

  it('lets who tells many enter and leave once', () => {
    const { told, outlet } = open((event, to) => {
      if (event === 'a') to.tell('c')
    })
    outlet.enter()
    outlet.next('a')
    outlet.next('b')
    outlet.leave()
    expect(told).to.deep.equal(['a', 'b', 'c'])
  })

  it('runs at once what holds it, and tells behind that what it tells', () => {
    const { told, outlet } = open((event, to) => {
      if (event !== 'a') return
      to.hold(() => {
        to.tell('c')
        told.push('held in next')
      })
    })
    outlet.hold(() => {
      outlet.tell('a')
      told.push('held')
    })
    expect(told).to.deep.equal(['held', 'a', 'held in next', 'c'])
  })

  it('ends in its turn, and then is closed', () => {
    for (const end of ['complete', 'error'] as const) {
      const { told, outlet } = open((event, to) => {
        if (event !== 'a') return
        to.tell('b')
        to[end]('why')
        to.tell('c')
        expect(to.closed).to.equal(false)
      })
      outlet.tell('a')
      expect(told).to.deep.equal(['a', 'b', end === 'complete' ? 'complete' : 'error why'])
      expect(outlet.closed).to.equal(true)
    }
  })

  it('is silent once it is left, in the middle of what waits too', () => {
    const { told, outlet, subscription } = open((event, to) => {
      if (event === 'a') {
        to.tell('b')
        to.tell('c')
      }
      if (event === 'b') subscription.unsubscribe()
    })
    outlet.tell('a')
    outlet.tell('d')
    expect([told, outlet.closed]).to.deep.equal([['a', 'b'], true])
  })
})
