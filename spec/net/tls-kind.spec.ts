import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import sinon from 'sinon'
import { duplexKind } from '#src/net/socket-kind.js'
import { tlsKind } from '#src/net/tls-kind.js'
import { client, fingerprint } from '../support/net/certificates.js'

/** As much of a secure socket as is asked. */
function secureSocket(facts: object = {}): TLSSocket {
  return Object.assign(new PassThrough(), {
    alpnProtocol: false,
    authorizationError: null,
    authorized: true,
    servername: false,
    getCipher: () => ({ name: 'TLS_AES_128_GCM_SHA256' }),
    getPeerX509Certificate: () => undefined,
    getProtocol: () => 'TLSv1.3',
    ...facts,
  }) as unknown as TLSSocket
}

function sessionOf(facts?: object) {
  const inner = new PassThrough()
  return tlsKind(secureSocket(facts), inner, duplexKind).tls(inner)
}

describe('tlsKind', () => {
  it('says what was settled', () => {
    expect(sessionOf()).to.deep.include({
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      alpn: undefined,
      serverName: undefined,
      authorized: true,
      authorizationError: undefined,
    })
  })

  it('has one word for what Node says in several', () => {
    for (const nothing of [false, null, undefined])
      expect(sessionOf({ servername: nothing, alpnProtocol: nothing })).to.include({
        serverName: undefined,
        alpn: undefined,
      })
    expect(sessionOf({ servername: '' })).to.include({ serverName: undefined })
    expect(sessionOf({ getProtocol: () => null })).to.include({ protocol: 'unknown' })
    expect(sessionOf({ alpnProtocol: 'h2', servername: 'a' })).to.include({ alpn: 'h2', serverName: 'a' })
  })

  it('says who the peer is, read when it is asked for, and once', () => {
    const certificate = new X509Certificate(client.cert)
    const read = sinon.spy(certificate, 'toLegacyObject')
    const session = sessionOf({ getPeerX509Certificate: () => certificate })
    expect(read.callCount).to.equal(0)
    const peer = session?.peer
    expect(session?.peer).to.equal(peer)
    expect(read.callCount).to.equal(1)
    expect(peer).to.deep.include({
      subject: { CN: 'Ada' },
      issuer: { CN: 'Sluice Test Authority' },
      subjectAltName: 'DNS:ada.example.org',
      fingerprint256: fingerprint(client),
    })
    expect(peer?.validTo).to.equal(Date.parse(certificate.validTo))
  })

  it('aborts by destroying the secure socket, and leaves the one beneath to it', () => {
    const inner = new PassThrough()
    const secure = secureSocket()
    tlsKind(secure, inner, duplexKind).abort(secure)
    expect([secure.destroyed, inner.destroyed]).to.deep.equal([true, false])
  })
})
