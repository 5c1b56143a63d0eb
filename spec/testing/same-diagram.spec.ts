import { expect } from 'chai'
import { of } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { sameDiagram } from 'sluice/testing'

describe('sameDiagram', () => {
  const compare = (actual: string, expected: string, values?: Readonly<Record<string, unknown>>) => {
    try {
      new TestScheduler(sameDiagram).run(({ cold, expectObservable }) => {
        expectObservable(cold(actual, values)).toBe(expected, values)
      })
    } catch (error) {
      return error as { message: string; actual: string; expected: string; showDiff: boolean }
    }
    return undefined
  }

  it('has nothing to say about what is as drawn', () => {
    for (const diagram of ['-', 'a-b', '(ab)-#', '2s a|', '-a', ''])
      expect(compare(diagram, diagram)).to.equal(undefined)
  })

  it('shows both diagrams where they differ', () => {
    const error = compare('a-(bc)-d 40ms e|', 'a-(bq)-d 40ms e|')
    expect(error).to.include({ actual: 'a-(bc)-d 40ms e|', expected: 'a-(bq)-d 40ms e|', showDiff: true })
    expect(error?.message).to.equal('other than drawn\n  expected: a-(bq)-d 40ms e|\n  actual:   a-(bc)-d 40ms e|')
  })

  it('shows that nothing has happened', () => {
    expect(compare('-', '--a')).to.include({ actual: 'nothing', expected: '--a' })
  })

  it('shows values that are no letters', () => {
    expect(compare('-a', '-b', { a: { n: 1 }, b: 'long' })).to.include({ actual: '-⟨{"n":1}⟩', expected: '-long' })
  })

  it('shows what no diagram can: that something comes while a group takes its room', () => {
    expect(() => {
      sameDiagram([note(0, 'a'), note(0, 'b'), note(1, 'c')], [])
    }).to.throw(/actual: {3}\(ab\) -3ms c$/)
  })

  it('compares subscriptions', () => {
    const subscribing = (expected: string) => () => {
      new TestScheduler(sameDiagram).run(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold('-a|')
        expectObservable(source).toBe('-a|')
        expectSubscriptions(source.subscriptions).toBe(expected)
      })
    }
    expect(subscribing('^-!')).not.to.throw()
    expect(subscribing('^--!')).to.throw(/"unsubscribedFrame":2/)
  })

  it('takes values for equal that say the same, whatever they are', () => {
    const same = (one: unknown, other: unknown) => {
      new TestScheduler(sameDiagram).run(({ expectObservable }) => {
        expectObservable(of(one)).toBe('(a|)', { a: other })
      })
    }
    const equal: [unknown, unknown][] = [
      [NaN, NaN],
      [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
      [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
      [new Uint8Array([104, 105]), 'hi'],
      ['hi', Buffer.from('hi')],
    ]
    for (const [one, other] of equal)
      expect(() => {
        same(one, other)
      }).not.to.throw()
    const different: [unknown, unknown][] = [
      [0, -0],
      [null, {}],
      [{ a: 1 }, { a: 1, b: undefined }],
      [{ a: 1 }, { b: 1 }],
      [[1], { 0: 1, length: 1 }],
      [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
      [new Uint8Array([1, 2]), new Uint8Array([1])],
      [new Uint8Array([1, 2]), [1, 2]],
      [[1, 2], new Uint8Array([1, 2])],
      [new Uint8Array([0xff]), '\ufffd'],
      [new Date(1), new Date(1).getTime()],
    ]
    for (const [one, other] of different)
      expect(() => {
        same(one, other)
      }, String(one)).to.throw(/other than drawn/)
  })
})

function note(frame: number, value: string) {
  return { frame, notification: { kind: 'N', value } }
}
