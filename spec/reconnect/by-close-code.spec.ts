import { expect } from 'chai'
import { byCloseCode, type CloseReason, type Verdict } from 'sluice'

describe('byCloseCode', () => {
  const classify = byCloseCode({ 1000: 'stop', 1008: 'retry', 4000: 'slow' })
  const verdict = (code: number | undefined, reason: CloseReason = 'remote') =>
    classify(undefined, code === undefined ? { reason } : { reason, code })

  it('answers what the table says', () => {
    expect([1000, 1008, 4000].map(code => verdict(code))).to.deep.equal(['stop', 'retry', 'slow'])
    expect(verdict(4000, 'error')).to.equal('slow')
  })

  it('leaves open what the table does not say', () => {
    expect(verdict(1001)).to.equal(undefined)
    expect(verdict(undefined)).to.equal(undefined)
    expect(classify(new Error('no close'), undefined)).to.equal(undefined)
  })

  it('leaves open what we have closed ourselves', () => {
    expect(verdict(1008, 'local')).to.equal(undefined)
    expect(verdict(1008, 'shutdown')).to.equal(undefined)
  })

  it('names all that is wrong with a table', () => {
    const wrong = { 999: 'stop', 5000: 'retry', x: 'slow', 1001: 'never' } as unknown as Record<number, Verdict>
    expect(() => byCloseCode(wrong))
      .to.throw(
        'byCloseCode: 999 is no close code; 1001 must be retry, slow or stop; 5000 is no close code; x is no close code',
      )
      .with.property('code', 'ERR_OPTIONS')
  })
})
