import { createSecureContext } from 'node:tls'
import { expect } from 'chai'
import { NEVER } from 'rxjs'
import { tls, type Credentials } from 'sluice/net'
import { only } from '#src/net/tls-options.js'
import { optionFaults } from '../support/option-faults.js'

const credentials: Credentials = {
  ca: ['PEM'],
  cert: 'PEM',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  crl: 'PEM',
  dhparam: 'auto',
  ecdhCurve: 'auto',
  key: 'PEM',
  maxVersion: 'TLSv1.3',
  minVersion: 'TLSv1.2',
  passphrase: 'open sesame',
  pfx: Buffer.of(),
  sigalgs: 'ed25519',
}

describe('The options of TLS', () => {
  it('are right as they are documented', () => {
    const target = {
      ...credentials,
      port: 1,
      ALPNProtocols: ['a'],
      checkServerIdentity: () => undefined,
      handshakeTimeout: Infinity,
      rejectUnauthorized: false,
      secureContext: createSecureContext(),
      servername: 'example.org',
      session: Buffer.of(),
    }
    const place = {
      ...credentials,
      port: 0,
      ALPNProtocols: ['a'],
      handshakeTimeout: 1,
      rejectUnauthorized: true,
      requestCert: true,
      renewed: NEVER,
      sessionTimeout: 300,
      sni: { 'example.org': credentials },
      ticketKeys: Buffer.alloc(48),
    }
    expect(optionFaults(() => tls.connect(target))).to.deep.equal([])
    expect(optionFaults(() => tls.listen(place))).to.deep.equal([])
    expect(optionFaults(() => tls.connect({ path: '/tmp/socket', connectTimeout: 1, ca: 'PEM' }))).to.deep.equal([])
    expect(optionFaults(() => tls.listen({ path: '/tmp/socket', mode: 0o600, ...credentials }))).to.deep.equal([])
  })

  it('of a dial are all named that are wrong, at once', () => {
    const wrong = {
      host: '',
      ALPNProtocols: ['a'.repeat(256)],
      checkServerIdentity: true,
      ciphers: '',
      handshakeTimeout: 0,
      maxVersion: 'SSLv3',
      rejectUnauthorized: 'no',
      requestCert: true,
      servername: '',
    }
    expect(optionFaults(() => tls.connect(wrong as never))).to.deep.equal([
      'port is missing',
      "host must be a string that is not empty, not ''",
      'ALPNProtocols must be a list of protocol names, of 255 bytes at most, not an object',
      'checkServerIdentity must be a function, not true',
      "ciphers must be a string that is not empty, not ''",
      'handshakeTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not 0',
      "maxVersion must be one of 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', not 'SSLv3'",
      "rejectUnauthorized must be true or false, not 'no'",
      'requestCert is not an option',
      "servername must be a string that is not empty, not ''",
    ])
  })

  it('of a place are all named that are wrong, at once', () => {
    const wrong = {
      port: 65_536,
      ALPNProtocols: 'a',
      renewed: [],
      requestCert: 1,
      servername: 'example.org',
      sessionTimeout: 0,
      ticketKeys: Buffer.alloc(47),
    }
    expect(optionFaults(() => tls.listen(wrong as never))).to.deep.equal([
      'port must be a whole number from 0 to 65535, not 65536',
      "ALPNProtocols must be a list of protocol names, of 255 bytes at most, not 'a'",
      'renewed must be an Observable, not an object',
      'requestCert must be true or false, not 1',
      'servername is not an option',
      'sessionTimeout must be a whole number from 1 to 2147483647, not 0',
      'ticketKeys must be a Buffer of 48 bytes, not an object',
    ])
  })

  it('are those of a port or those of a path, and not both', () => {
    expect(optionFaults(() => tls.listen({ port: 0, mode: 0o600 }))).to.deep.equal(['mode is not an option'])
    expect(optionFaults(() => tls.listen({ path: 'socket', port: 0, ipv6Only: true }))).to.deep.equal([
      'port is not an option',
      'ipv6Only is not an option',
    ])
    expect(optionFaults(() => tls.connect({ path: 'socket', host: 'example.org', noDelay: true }))).to.deep.equal([
      'host is not an option',
      'noDelay is not an option',
    ])
  })

  it('want nothing but credentials for a name', () => {
    for (const sni of [null, 'example.org', { 'example.org': 'PEM' }, { 'example.org': { requestCert: true } }])
      expect(
        optionFaults(() => tls.listen({ port: 0, sni } as never)),
        JSON.stringify(sni),
      ).to.have.length(1)
  })
})

describe('only', () => {
  it('keeps the options that there are rules for, and none that any object has', () => {
    const rules = { a: () => undefined, b: () => undefined }
    expect(only<object>(rules, { a: 1, c: 2, toString: 3 })).to.deep.equal({ a: 1 })
  })
})
