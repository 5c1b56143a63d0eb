import { expect } from 'chai'
import { newId } from '#src/connection/id.js'

describe('newId', () => {
  it('gives no id twice', () => {
    expect(new Set(Array.from({ length: 1000 }, newId)).size).to.equal(1000)
  })

  it('does so where there are no UUIDs, as on pages without TLS', () => {
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true })
    try {
      const ids = Array.from({ length: 1000 }, newId)
      expect(new Set(ids).size).to.equal(1000)
      for (const id of ids) expect(id).to.match(/^[\da-f]{8}(?:-[\da-f]{8}){3}$/)
    } finally {
      Reflect.deleteProperty(crypto, 'randomUUID') // It is inherited.
    }
  })
})
