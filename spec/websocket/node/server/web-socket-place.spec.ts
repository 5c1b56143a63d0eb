import { createServer } from 'node:http'
import { expect } from 'chai'
import { NEVER } from 'rxjs'
import { webSocket, type WebSocketPlace } from 'sluice/websocket'
import { optionFaults } from '../../../support/option-faults.js'

function faults(at: unknown): string[] {
  return optionFaults(() => webSocket.listen(at as WebSocketPlace))
}

describe('The place of webSocket.listen', () => {
  it('is a port, a path, a server, or upgrades that somebody has', () => {
    const places = [{ port: 0 }, { path: '/tmp/x' }, { server: createServer() }, { upgrades: NEVER }]
    for (const place of places) expect(faults(place)).to.deep.equal([])
    expect(faults({})).to.deep.equal(['port is missing'])
    expect(faults(undefined)).to.deep.equal(['options must be an object, not undefined'])
  })

  it('is one of them', () => {
    expect(faults({ server: createServer(), port: 0 })).to.deep.equal(['port is not an option'])
    expect(faults({ upgrades: NEVER, tls: {} })).to.deep.equal(['tls is not an option'])
    expect(faults({ upgrades: NEVER, handshakeTimeout: 1 })).to.deep.equal(['handshakeTimeout is not an option'])
  })

  const wrong: Readonly<Record<string, [options: object, fault: string]>> = {
    'a path that begins with no slash': [
      { pathname: 'chat' },
      "pathname must be a path that begins with '/', not 'chat'",
    ],
    'a path with a query': [{ pathname: '/chat?a=b' }, "pathname must be a path that begins with '/', not '/chat?a=b'"],
    'an origin that is a page': [
      { origins: ['https://example.org/page'] },
      "origins must be 'same', 'any', or a list of origins such as 'https://example.org', not an object",
    ],
    'protocols that are none': [{ protocols: [''] }, 'protocols must be a list of different tokens, not an object'],
    'a negotiate that can not be called': [{ negotiate: true }, 'negotiate must be a function, not true'],
    'no negotiation at all': [{ maxNegotiations: 0 }, 'maxNegotiations must be a whole number, more than 0, not 0'],
  }
  for (const [what, [options, fault]] of Object.entries(wrong)) {
    it(`has not ${what}`, () => {
      expect(faults({ port: 0, ...options })).to.deep.equal([fault])
    })
  }

  it('is told what is wrong with its TLS options', () => {
    expect(faults({ port: 0, tls: { handshakeTimeout: 5, renewed: 7 } })).to.deep.equal([
      'tls must be options of which none is wrong (handshakeTimeout is not an option',
      'renewed must be an Observable, not 7), not an object',
    ])
  })

  it('is no server that is none, and nothing but an Observable of upgrades', () => {
    expect(faults({ server: {} })).to.deep.equal(['server must be an http.Server or https.Server, not an object'])
    expect(faults({ upgrades: [] })).to.deep.equal(['upgrades must be an Observable, not an object'])
  })
})
