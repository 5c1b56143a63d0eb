import { expect } from 'chai'
import fc from 'fast-check'
import { takeBatch } from '#src/net/take-batch.js'
import { check } from '../support/property.js'

describe('takeBatch', () => {
  it('takes all that there is, where that is no more than it may take', () => {
    const queue = [Buffer.from('ab'), Buffer.from('c')]
    expect(takeBatch(queue, 3).map(String)).to.deep.equal(['ab', 'c'])
    expect(queue).to.deep.equal([])
    expect(takeBatch(queue, 3)).to.deep.equal([])
  })

  it('cuts the chunk that reaches beyond', () => {
    const queue = [Buffer.from('ab'), Buffer.from('cdef')]
    expect(takeBatch(queue, 3).map(String)).to.deep.equal(['ab', 'c'])
    expect(queue.map(String)).to.deep.equal(['def'])
    expect(takeBatch(queue, 3).map(String)).to.deep.equal(['def'])
  })

  it('takes batches that are full and lose nothing, whatever the chunks', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }))
    check(
      fc.property(chunks, fc.integer({ min: 1, max: 30 }), (queue, limit) => {
        const all = Buffer.concat(queue)
        const taken: Buffer[] = []
        while (queue.length > 0) taken.push(Buffer.concat(takeBatch(queue, limit)))
        expect(Buffer.concat(taken).equals(all)).to.equal(true)
        expect(taken.slice(0, -1).every(({ length }) => length === limit)).to.equal(true)
      }),
    )
  })
})
