import { expect } from 'chai'
import { credentialsOf, inheriting } from '#src/net/credentials.js'

describe('credentialsOf', () => {
  it('takes what a secure context is made of, and nothing else', () => {
    const options = { cert: 'cert', ca: 'ca', requestCert: true, sni: {} }
    expect(credentialsOf(options)).to.deep.equal({ cert: 'cert', ca: 'ca' })
  })
})

describe('inheriting', () => {
  const from = { ca: 'ca', ciphers: 'strong', cert: 'cert', key: 'key', passphrase: 'sesame' }

  it('leaves what is said as it is, and takes over the rest', () => {
    expect(inheriting({ ca: 'own' }, from)).to.deep.equal({ ...from, ca: 'own' })
    expect(inheriting({}, from)).to.deep.equal(from)
  })

  it('takes over who we are as a whole, or not at all', () => {
    expect(inheriting({ pfx: 'own' }, from)).to.deep.equal({ ca: 'ca', ciphers: 'strong', pfx: 'own' })
    expect(inheriting({ cert: 'own', key: 'own' }, from)).to.deep.equal({
      ca: 'ca',
      ciphers: 'strong',
      cert: 'own',
      key: 'own',
    })
  })

  it('does not take undefined for something that is said', () => {
    expect(inheriting({ ca: undefined, key: undefined }, from)).to.deep.equal(from)
  })
})
