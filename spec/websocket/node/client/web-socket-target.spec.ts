import { Agent } from 'node:http'
import { expect } from 'chai'
import { webSocket, type WebSocketTarget } from 'sluice/websocket'
import { optionFaults } from '../../../support/option-faults.js'

function faults(to: unknown): string[] {
  return optionFaults(() => webSocket.connect(to as WebSocketTarget))
}

const url = 'ws://localhost'

describe('The target of webSocket.connect', () => {
  it('is a URL, as a string, as an object, or among options', () => {
    for (const target of [url, new URL(url), { url }, { url: new URL(url) }]) expect(faults(target)).to.deep.equal([])
    for (const scheme of ['ws', 'wss', 'http', 'https']) expect(faults(`${scheme}://localhost`)).to.deep.equal([])
  })

  it('is no other URL', () => {
    const wanted = 'url must be a URL with ws:, wss:, http: or https:'
    expect(faults('localhost')).to.deep.equal([`${wanted}, not 'localhost'`])
    expect(faults('ftp://localhost')).to.deep.equal([`${wanted}, not 'ftp://localhost'`])
    expect(faults({ url: 7 })).to.deep.equal([`${wanted}, not 7`])
    expect(faults({})).to.deep.equal(['url is missing'])
  })

  it('has no fragment, not even an empty one', () => {
    for (const fragment of ['#here', '#']) {
      expect(faults(url + fragment)).to.deep.equal([`url must have no fragment, not '${url}${fragment}'`])
    }
  })

  it('has a name and a password that can be read', () => {
    for (const credentials of ['a%zz', 'a:b%', '%ff:b', '%c3:%a9']) {
      const bad = `ws://${credentials}@localhost`
      expect(faults(bad)).to.deep.equal([
        "url must have a name and a password in UTF-8, escaped as URLs have it, not 'ws://…@localhost'",
      ])
    }
    expect(faults('ws://a%20b:%C3%A9@localhost')).to.deep.equal([])
  })

  it('repeats no credentials in what it says is wrong', () => {
    for (const url of ['ws://ada:secret@localhost/#top', 'ftp://ada:secret@localhost'])
      expect(faults({ url }).join()).to.match(/^(?!.*secret).*:\/\/…@localhost/)
  })

  const wrong: Readonly<Record<string, [options: Partial<Record<keyof WebSocketTarget, unknown>>, fault: string]>> = {
    'a protocol that is no token': [
      { protocols: ['a b'] },
      'protocols must be a list of different tokens, not an object',
    ],
    'a protocol twice': [{ protocols: ['a', 'a'] }, 'protocols must be a list of different tokens, not an object'],
    'a header of our own': [
      { headers: { Upgrade: 'h2c' } },
      'headers must be headers that can be sent beside our own (Upgrade), not an object',
    ],
    'a header that can not be sent': [
      { headers: { 'x-a': 'a\r\nx-b: b', good: 'yes' } },
      'headers must be headers that can be sent beside our own (x-a), not an object',
    ],
    'a header that is no text': [
      { headers: { 'x-a': 5, 'x-b': ['b', 6], good: ['yes', 'no'] } },
      'headers must be headers that can be sent beside our own (x-a, x-b), not an object',
    ],
    'trust where there is no TLS': [{ tls: {} }, 'tls is for wss: and https: alone, not an object'],
    'an agent that is none': [{ agent: {} }, 'agent must be an http.Agent, not an object'],
    'an agent beside a path': [
      { path: '/tmp/x', agent: new Agent() },
      'agent is of no use beside a path, not an object',
    ],
    'a deadline that is none': [
      { handshakeTimeout: 0 },
      'handshakeTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not 0',
    ],
    'a limit that is none': [{ maxPayload: -1 }, 'maxPayload must be a whole number of bytes, more than 0, not -1'],
    'what is no option': [{ perMessageDeflate: true } as object, 'perMessageDeflate is not an option, not true'],
  }
  for (const [what, [options, fault]] of Object.entries(wrong)) {
    it(`has not ${what}`, () => {
      const told = faults({ url, ...options })
      expect(told).to.deep.equal([fault.replace(' is not an option, not true', ' is not an option')])
    })
  }

  it('is told what is wrong with its TLS options', () => {
    const [fault] = faults({ url: 'wss://localhost', tls: { minVersion: 'SSLv3', handshakeTimeout: 1 } })
    expect(fault).to.match(/^tls must be options of which none is wrong \(minVersion must be one of/)
    expect(faults({ url: 'wss://localhost', tls: { ALPNProtocols: ['h2'] } })).to.deep.equal([
      'tls must be options of which none is wrong (ALPNProtocols is not an option), not an object',
    ])
  })

  it('is told all its faults at once', () => {
    expect(faults({ url: 'x', protocols: 'chat', family: 5 })).to.have.length(3)
  })
})
