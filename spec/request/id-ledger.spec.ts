import { expect } from 'chai'
import { byId, type ById } from '#src/request/by-id.js'
import { IdLedger } from '#src/request/id-ledger.js'
import type { Entry } from '#src/request/ledger.js'

const MAX_ID = 2 ** 32 - 1

describe('The ids of requests', () => {
  it('are counted from 1, and begin anew after 2³² - 1', () => {
    expect(idsOf(ledger(), 3)).to.deep.equal([1, 2, 3])
    expect(idsOf(ledger({}, MAX_ID - 2), 4)).to.deep.equal([MAX_ID - 1, MAX_ID, 1, 2])
  })

  it('skip those that are still waited for, and those that were given up', () => {
    const few = ledger({ maxId: 8 })
    const asks = Array.from({ length: 4 }, () => entered(few))
    const [one, two, three] = asks
    for (const ask of [one, three]) if (ask !== undefined) few.abandon(ask)
    expect(idsOf(few, 4)).to.deep.equal([5, 6, 7, 8])
    if (two !== undefined) few.settle(two)
    expect(idsOf(few, 4)).to.deep.equal([2, 5, 6, 7])
  })

  it('are free again when the late answer has come', () => {
    const few = ledger({ maxId: 4 })
    const given = entered(few)
    few.abandon(given)
    expect(idsOf(few, 4)).to.deep.equal([2, 3, 4, 2])
    expect(few.find(given.id)).to.equal('late')
    expect(few.find(given.id)).to.equal('unknown')
    expect(idsOf(few, 3)).to.deep.equal([3, 4, 1])
  })

  it('of those given up, remember the latest: half of all', () => {
    const few = ledger({ maxId: 4 })
    const given = Array.from({ length: 3 }, () => {
      const ask = entered(few)
      few.abandon(ask)
      return ask.id
    })
    expect(given).to.deep.equal([1, 2, 3])
    expect(given.map(id => few.find(id))).to.deep.equal(['unknown', 'late', 'late'])
  })

  it('and 65 536 at the most', () => {
    const many = ledger()
    for (let count = 0; count < 65_537; count += 1) many.abandon(entered(many))
    expect([many.find(1), many.find(2)]).to.deep.equal(['unknown', 'late'])
  })

  it('find who asked, however many wait', () => {
    const many = ledger()
    const asks = Array.from({ length: 1_000 }, () => entered(many))
    expect(asks.every(ask => many.find(ask.id) === ask)).to.be.true
    expect(many.asks).to.deep.equal(asks)
    expect(many.size).to.equal(1_000)
    for (const ask of asks) many.settle(ask)
    expect(many.size).to.equal(0)
    expect(many.asks).to.deep.equal([])
  })

  it('of those that wait are told oldest first, also when the ids have begun anew', () => {
    const turning = ledger({}, MAX_ID - 2)
    const asks = Array.from({ length: 4 }, () => entered(turning))
    expect(turning.asks).to.deep.equal(asks)
  })
})

function ledger(rules: Partial<ById<number, number>> = {}, lastId?: number): IdLedger<Entry> {
  const correlation = byId<number>({ put: packet => packet, get: packet => packet })
  return new IdLedger({ ...correlation, ...rules } as ById<unknown, unknown>, lastId)
}

function entered(ledger: IdLedger<Entry>): Entry {
  const ask = { packet: 0, settled: false, id: 0 }
  ledger.enter(ask)
  return ask
}

/** The ids of so many that are answered at once. */
function idsOf(ledger: IdLedger<Entry>, count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    const ask = entered(ledger)
    ledger.settle(ask)
    return ask.id
  })
}
