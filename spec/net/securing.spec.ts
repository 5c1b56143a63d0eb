import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import type { Handshake, HandshakeResult } from '#src/net/handshake.js'
import { Securing } from '#src/net/securing.js'
import { duplexKind } from '#src/net/socket-kind.js'

/** A handshake that the spec plays, and what has become of it. */
function played() {
  const told: string[] = []
  let tell: ((result: HandshakeResult) => void) | undefined
  const handshake: Handshake = (_, __, teller) => {
    told.push('begun')
    tell = teller
    return () => told.push('aborted')
  }
  const securing = new Securing(handshake, error => told.push(error?.message ?? 'secure'))
  return {
    told,
    securing,
    begin: () => {
      securing.begin(new PassThrough(), duplexKind, result => told.push('error' in result ? 'failed' : 'done'))
    },
    fail: () => tell?.({ error: new Error('no') }),
  }
}

describe('Securing', () => {
  it('is under way from its beginning on', () => {
    const { told, securing, begin } = played()
    expect(securing.underWay).to.equal(false)
    begin()
    expect(securing.underWay).to.equal(true)
    expect(told).to.deep.equal(['begun'])
  })

  it('is given up until it has a result', () => {
    const { told, securing, begin, fail } = played()
    securing.abort()
    begin()
    securing.abort()
    fail()
    securing.abort()
    expect(told).to.deep.equal(['begun', 'aborted', 'failed'])
  })

  it('has failed where it can not begin', () => {
    const results: HandshakeResult[] = []
    const error = new Error('not today')
    const securing = new Securing(
      () => {
        throw error
      },
      () => undefined,
    )
    securing.begin(new PassThrough(), duplexKind, result => results.push(result))
    expect(results).to.deep.equal([{ error }])
    expect(securing.underWay).to.equal(false)
  })

  it('tells whoever asked how it has ended', () => {
    const { told, securing } = played()
    securing.tell()
    securing.tell(new Error('no'))
    expect(told).to.deep.equal(['secure', 'no'])
  })
})
