import { expect } from 'chai'
import { detach } from 'sluice/framing'

describe('detach', () => {
  it('copies bytes, and no more than those', () => {
    const chunk = new Uint8Array(64 * 1024).fill(7)
    const packet = chunk.subarray(10, 20)
    const kept = detach(packet)
    chunk.fill(8)
    expect([...kept]).to.deep.equal(Array<number>(10).fill(7))
    expect(kept.buffer.byteLength).to.equal(10)
  })

  it("copies Node's buffers, whose own slice does not", () => {
    const chunk = Buffer.alloc(4, 1)
    const kept = detach(chunk.subarray(1, 3))
    chunk.fill(2)
    expect(kept).to.deep.equal(Uint8Array.of(1, 1))
  })

  it('copies nothing into nothing', () => {
    expect(detach(new Uint8Array())).to.have.length(0)
  })
})
