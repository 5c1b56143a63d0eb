import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { SluiceError } from 'sluice'
import { asError, handlerError } from '#src/connection/errors.js'

describe('SluiceError', () => {
  it('is an error with a code, and its cause if it has one', () => {
    const cause = new Error('why')
    const error = new SluiceError('ERR_HANDLER', 'thrown', { cause })
    expect(error).to.be.instanceOf(Error)
    expect(error).to.include({ name: 'SluiceError', code: 'ERR_HANDLER', message: 'thrown', cause })
    expect(String(error)).to.equal('SluiceError: thrown')
  })
})

describe('asError', () => {
  it('leaves an error as it is, and makes one of anything else', () => {
    const error = new TypeError('why')
    expect(asError(error)).to.equal(error)
    for (const thrown of ['why', 12, null, undefined]) {
      expect(asError(thrown))
        .to.be.instanceOf(Error)
        .and.include({ message: String(thrown), cause: thrown })
    }
  })

  it('leaves an error of another realm as it is, with its code', () => {
    const error: unknown = runInNewContext('Object.assign(new Error("reset"), { code: "ECONNRESET" })')
    expect(error).not.to.be.instanceOf(Error)
    expect(asError(error)).to.equal(error)
  })

  it('makes one of what can not be shown', () => {
    const thrown: unknown = Object.create(null)
    expect(asError(thrown)).to.be.instanceOf(Error).and.include({ message: '[object Object]', cause: thrown })
  })
})

describe('handlerError', () => {
  it('says who threw what', () => {
    const thrown = new TypeError('a bug')
    expect(handlerError('serve', thrown)).to.include({
      code: 'ERR_HANDLER',
      message: 'serve threw: a bug',
      cause: thrown,
    })
    expect(handlerError('serve', 'text').message).to.equal('serve threw: text')
  })
})
