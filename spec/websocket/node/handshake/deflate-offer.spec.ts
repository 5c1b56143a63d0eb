import { expect } from 'chai'
import { accepted, agreed, offered } from '#src/websocket/node/handshake/deflate-offer.js'

const forgetful = 'server_no_context_takeover; client_no_context_takeover'

describe('The offer of compression', () => {
  it('is to forget, unless takeover is wanted', () => {
    expect(offered({})).to.equal(`permessage-deflate; ${forgetful}; client_max_window_bits`)
    expect(offered({ takeover: true })).to.equal('permessage-deflate; client_max_window_bits')
  })

  it('is answered by what both can', () => {
    const answer = (offer: string, takeover = true) => accepted(offer, { takeover })?.header
    expect(answer('permessage-deflate')).to.equal('permessage-deflate')
    expect(answer('permessage-deflate', false)).to.equal(`permessage-deflate; ${forgetful}`)
    expect(answer('permessage-deflate; client_max_window_bits=10')).to.equal('permessage-deflate')
    expect(answer('permessage-deflate; server_max_window_bits=10')).to.equal(
      'permessage-deflate; server_max_window_bits=10',
    )
    expect(answer('permessage-deflate; client_no_context_takeover')).to.equal(
      'permessage-deflate; client_no_context_takeover',
    )
  })

  it('settles both directions the same at both ends', () => {
    for (const here of [true, false])
      for (const there of [true, false]) {
        const server = accepted(offered({ takeover: here }), { takeover: there })
        const client = agreed(server?.header, { takeover: here })
        expect(client?.ours).to.deep.equal(server?.settings.theirs)
        expect(client?.theirs).to.deep.equal(server?.settings.ours)
      }
  })

  it('is the first that can be accepted', () => {
    const offer = 'x-webkit-deflate-frame, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9'
    expect(accepted(offer, { takeover: true })?.settings.ours).to.deep.equal({ takeover: true, windowBits: 9 })
  })

  for (const offer of [
    'other',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=08',
    'permessage-deflate; client_max_window_bits=x',
  ]) {
    it(`is declined where it is ${offer}`, () => {
      expect(accepted(offer, {})).to.equal(undefined)
    })
  }

  it('may be declined, or not be made', () => {
    expect(agreed(undefined, {})).to.equal(undefined)
    expect(accepted(undefined, {})).to.equal(undefined)
  })

  for (const answer of [
    'other',
    'permessage-deflate; unknown',
    `permessage-deflate; ${forgetful}, permessage-deflate`,
    'permessage-deflate; client_no_context_takeover',
    `permessage-deflate; ${forgetful}; client_max_window_bits`,
    `permessage-deflate; ${forgetful}; server_max_window_bits=20`,
  ]) {
    it(`fails the handshake where the answer is ${answer}`, () => {
      expect(() => agreed(answer, {}))
        .to.throw()
        .with.property('code', 'ERR_HANDSHAKE_MALFORMED')
    })
  }

  it('fails the handshake where it was not made, and is answered all the same', () => {
    expect(() => agreed('permessage-deflate', undefined))
      .to.throw()
      .with.property('code', 'ERR_HANDSHAKE_MALFORMED')
  })
})
