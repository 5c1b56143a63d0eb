import { expect } from 'chai'
import { zlibTurns } from '#src/websocket/node/protocol/zlib-turns.js'

describe('Turns at zlib', () => {
  it('are eight at a time, in the order in which they were asked for', () => {
    const begun: number[] = []
    const done: (() => void)[] = []
    for (let index = 0; index < 20; index += 1) {
      zlibTurns.take(finish => {
        begun.push(index)
        done.push(finish)
      })
    }
    expect(begun).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])

    done[3]?.()
    done[3]?.() // Once is all that counts.
    expect(begun).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])

    for (let index = 0; index < done.length; index += 1) done[index]?.()
    expect(begun).to.deep.equal(Array.from({ length: 20 }, (_, index) => index))
  })

  it('may be given back at once by however many, such as those whose connections have closed meanwhile', () => {
    const done: (() => void)[] = []
    for (let index = 0; index < 8; index += 1) zlibTurns.take(finish => done.push(finish))
    let count = 0
    for (let index = 0; index < 20_000; index += 1) {
      zlibTurns.take(finish => {
        count += 1
        finish()
      })
    }
    for (const finish of done) finish()
    expect(count).to.equal(20_000)
  })
})
