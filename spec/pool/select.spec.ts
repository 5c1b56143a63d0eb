import { expect } from 'chai'
import fc from 'fast-check'
import { seeded } from 'sluice'
import {
  byKey,
  leastBuffered,
  leastInFlight,
  powerOfTwo,
  roundRobin,
  type MemberConnection,
  type Select,
} from 'sluice/pool'
import { recordingConnection } from 'sluice/testing'
import { check } from '../support/property.js'

type Candidate = MemberConnection<never, unknown> & { bufferedAmount: number }

/** Connections of members with these ids. */
function connections(...ids: readonly (string | number)[]): Candidate[] {
  return ids.map(id =>
    Object.assign(recordingConnection<never>(), {
      member: { id: `member ${id}` },
      inFlight: 0,
      session: 1,
      endpoint: 'a',
    }),
  ) as unknown as Candidate[]
}

function picks(select: Select<unknown>, from: readonly Candidate[], times: number): string[] {
  return Array.from({ length: times }, () => select(from, undefined)?.member.id.replace('member ', '') ?? '')
}

describe('roundRobin', () => {
  it('gives each its turn', () => {
    expect(picks(roundRobin(), connections(1, 2, 3), 5)).to.deep.equal(['1', '2', '3', '1', '2'])
  })

  it('goes on where some have gone or come', () => {
    const select = roundRobin()
    expect(picks(select, connections(1, 2, 3), 2)).to.deep.equal(['1', '2'])
    expect(picks(select, connections(1, 2), 2)).to.deep.equal(['1', '2'])
  })
})

for (const [name, select, property] of [
  ['leastBuffered', leastBuffered, 'bufferedAmount'],
  ['leastInFlight', leastInFlight, 'inFlight'],
] as const) {
  describe(name, () => {
    it('takes the least, and among equals each in its turn', () => {
      const [a, b, c] = connections(1, 2, 3)
      if (a === undefined || b === undefined || c === undefined) throw new Error('three')
      a[property] = 5
      expect(new Set(picks(select(), [a, b, c], 6))).to.deep.equal(new Set(['2', '3']))
      b[property] = 7
      expect(picks(select(), [a, b, c], 2)).to.deep.equal(['3', '3'])
    })

    it('spreads evenly where all are equal', () => {
      const picked = picks(select(), connections(1, 2, 3, 4), 400)
      for (const id of ['1', '2', '3', '4']) expect(picked.filter(pick => pick === id)).to.have.length(100)
    })
  })
}

describe('powerOfTwo', () => {
  it('takes the less busy of two that are never the same', () => {
    const [idle, busy] = connections('idle', 'busy')
    if (idle === undefined || busy === undefined) throw new Error('two')
    busy.inFlight = 1
    expect(new Set(picks(powerOfTwo({ random: seeded(1) }), [idle, busy], 100))).to.deep.equal(new Set(['idle']))
    busy.inFlight = 0
    busy.bufferedAmount = 1
    expect(new Set(picks(powerOfTwo(), [idle, busy], 100))).to.deep.equal(new Set(['idle']))
  })

  it('takes the only one', () => {
    expect(picks(powerOfTwo(), connections(1), 1)).to.deep.equal(['1'])
  })

  it('never takes the busiest, and spreads over the others', () => {
    const members = connections(1, 2, 3, 4)
    members.forEach((connection, index) => (connection.inFlight = index))
    const picked = picks(powerOfTwo({ random: seeded(7) }), members, 3_000)
    expect(new Set(picked)).to.deep.equal(new Set(['1', '2', '3']))
    // One pair of two for each, of which the least busy has half.
    expect(picked.filter(pick => pick === '1').length).to.be.within(1_350, 1_650)
  })
})

describe('byKey', () => {
  const select = byKey<string>(packet => packet)
  const memberOf = (key: string, from: readonly Candidate[]): string => select(from, key)?.member.id ?? ''
  const keys = Array.from({ length: 4_000 }, (_, index) => `user ${index}`)

  it('takes the same member for the same key, in whatever order they are', () => {
    check(
      fc.property(fc.string(), fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (key, ids, turn) => {
        const members = connections(...ids)
        const turned = [...members.slice(turn % ids.length), ...members.slice(0, turn % ids.length)]
        expect(memberOf(key, turned)).to.equal(memberOf(key, members))
      }),
    )
  })

  it('moves the keys of a member that goes, and no others', () => {
    const members = connections(1, 2, 3, 4, 5)
    const [gone, ...left] = members
    for (const key of keys) {
      const before = memberOf(key, members)
      if (before !== gone?.member.id) expect(memberOf(key, left)).to.equal(before)
    }
  })

  it('spreads keys evenly, also those of a member that has gone', () => {
    const members = connections(1, 2, 3, 4, 5)
    const [gone, ...left] = members
    const share = (chosen: readonly string[], of: readonly Candidate[]): number[] =>
      of.map(({ member }) => chosen.filter(key => memberOf(key, of) === member.id).length / chosen.length)
    for (const part of share(keys, members)) expect(part).to.be.within(0.17, 0.23)
    const moved = keys.filter(key => memberOf(key, members) === gone?.member.id)
    for (const part of share(moved, left)) expect(part).to.be.within(0.19, 0.31)
  })
})
