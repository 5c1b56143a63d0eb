import { expect } from 'chai'
import { NEVER, defer, mergeMap, range, throwError } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { exponential, reconnect, seeded } from 'sluice'
import { sameDiagram } from 'sluice/testing'
import { farFromUniform } from '../support/draw.js'

const CLIENTS = 10_000

describe('A herd of 10 000 clients that lose their server together', () => {
  /**
   * When each dial was made, in milliseconds after the server went. The clients know nothing of each other, so that a
   * few at a time will do: a TestScheduler gets slow when it has much to do.
   */
  function dials(clients: number, downFor: number): number[] {
    const random = seeded(1)
    const arrivals: number[] = []
    for (let done = 0; done < clients; done += 100) {
      const scheduler = new TestScheduler(sameDiagram)
      scheduler.run(({ flush }) => {
        const dial = defer(() => {
          const at = scheduler.now()
          if (at > 0) arrivals.push(at)
          return at === 0 || at < downFor ? throwError(() => new Error('refused')) : NEVER
        })
        range(100)
          .pipe(mergeMap(() => dial.pipe(reconnect(exponential({ random })))))
          .subscribe()
        flush()
      })
    }
    return arrivals
  }

  it('comes back spread evenly over the first delay', () => {
    const arrivals = dials(CLIENTS, 0)
    expect(arrivals).to.have.length(CLIENTS)
    expect(farFromUniform(arrivals, 20, 200)).to.be.lessThan(1.63 / Math.sqrt(CLIENTS))
    expect(busiest(arrivals, 10)).to.be.lessThan((CLIENTS / 18) * 1.2)
  })

  it('grows thinner while the server stays away', () => {
    const away = 60_000
    const arrivals = dials(1_000, away)
    const within = (from: number, to: number) => arrivals.filter(at => at > from && at <= to)
    expect(within(away - 1_000, away).length).to.be.lessThan(within(0, 1_000).length / 20)
    expect(busiest(within(away, Infinity), 100)).to.be.lessThan(1_000 / 40)
  })
})

/** The most that came within so many milliseconds. */
function busiest(arrivals: readonly number[], span: number): number {
  const counts = new Map<number, number>()
  for (const at of arrivals) {
    const bucket = Math.floor(at / span)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}
