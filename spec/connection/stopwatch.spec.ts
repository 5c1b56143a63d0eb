import { expect } from 'chai'
import { Stopwatch } from '#src/connection/stopwatch.js'
import { diary } from '../support/diary.js'
import { resetClock, setClock } from '../support/set-clock.js'

describe('A stopwatch', () => {
  afterEach(resetClock)

  it('tells how long it has been running', () => {
    const told = diary(({ at, write }) => {
      at(5, () => {
        const stopwatch = new Stopwatch()
        for (const later of [0, 3, 7])
          at(later, () => {
            write(String(stopwatch.elapsed))
          })
      })
    })
    expect(told).to.deep.equal(['5 0', '8 3', '12 7'])
  })

  it('goes on from where it was, whenever the clock is set back', () => {
    const told = diary(({ at, write }) => {
      const stopwatch = new Stopwatch()
      const look = (): void => {
        write(String(stopwatch.elapsed))
      }
      at(3, look)
      at(4, () => {
        setClock(-1_000)
      })
      for (const ms of [5, 7]) at(ms, look)
      at(8, () => {
        setClock(-1_001)
      })
      for (const ms of [9, 10]) at(ms, look)
    })
    expect(told).to.deep.equal(['3 3', '5 3', '7 5', '9 6', '10 7'])
  })
})
