import { expect } from 'chai'
import { raw } from 'sluice/framing'
import { encoded, run } from '../support/decoding.js'

describe('raw', () => {
  it('tells the chunks as they came, and sends what it is given', () => {
    const bytes = Buffer.from('abcdef')
    const { packets } = run(raw(), bytes, { cuts: [1, 2], answers: [false], then: 'hand over' })
    expect(packets).to.deep.equal(['a', 'bc', 'd', 'ef'].map(part => Buffer.from(part)))
    expect(encoded(raw(), packets)).to.deep.equal(bytes)
  })

  it('has nothing to tell of no bytes', () => {
    expect(run(raw(), new Uint8Array())).to.deep.equal({ packets: [], skipped: [], fault: undefined })
    expect(encoded(raw(), [new Uint8Array()])).to.have.length(0)
  })

  it('copies nothing', () => {
    const chunk = Buffer.from('abc')
    raw()
      .decoder()
      .decode(chunk, packet => {
        expect(packet).to.equal(chunk)
        return true
      })
  })

  it('refuses to send what is no bytes', () => {
    expect(() => encoded(raw(), ['text' as unknown as Uint8Array])).to.throw(TypeError)
  })
})
