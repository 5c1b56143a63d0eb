import { expect } from 'chai'
import { tcp, tls } from 'sluice/net'
import { optionFaults as faults } from '../support/option-faults.js'

describe('The options of sockets', () => {
  it('are right as they are documented', () => {
    expect(
      faults(() =>
        tcp.connect({
          port: 65_535,
          host: 'localhost',
          localAddress: '127.0.0.1',
          localPort: 0,
          family: 6,
          hints: 0,
          lookup: () => undefined,
          autoSelectFamily: false,
          autoSelectFamilyAttemptTimeout: 10,
          resolveTimeout: Infinity,
          connectTimeout: 1,
          noDelay: false,
          keepAlive: false,
          keepAliveInitialDelay: 0,
          highWaterMark: 1,
          lowWaterMark: 1,
          maxBuffered: Infinity,
          halfOpen: true,
          closeTimeout: Infinity,
          writeTimeout: 1,
        }),
      ),
    ).to.deep.equal([])
    expect(
      faults(() => tcp.listen({ port: 0, host: '::', backlog: 1, ipv6Only: true, exclusive: true, noDelay: true })),
    ).to.deep.equal([])
    expect(faults(() => tcp.connect({ path: '/tmp/socket', connectTimeout: 1 }))).to.deep.equal([])
    expect(faults(() => tcp.listen({ path: '/tmp/socket', mode: 0o777, backlog: 1 }))).to.deep.equal([])
  })

  it('may be undefined, which is as good as left out', () => {
    expect(faults(() => tcp.connect({ port: 1, host: undefined } as never))).to.deep.equal([])
  })

  it('may be undefined, which chooses between a path and a port as well', () => {
    expect(faults(() => tcp.connect({ path: undefined, port: 1 }))).to.deep.equal([])
    expect(faults(() => tcp.listen({ path: undefined, port: 0 }))).to.deep.equal([])
    expect(faults(() => tcp.listen({ path: '/tmp/socket', port: undefined }))).to.deep.equal([])
  })

  it('are an object, or refused as such', () => {
    for (const options of [undefined, null, 4000, '/tmp/socket'] as never[]) {
      const told = [tcp, tls].flatMap(transport => [
        faults(() => transport.connect(options)),
        faults(() => transport.listen(options)),
      ])
      for (const [fault, ...more] of told) {
        expect(fault).to.match(/^options must be an object, not (?:undefined|null|4000|'.tmp.socket')$/)
        expect(more).to.deep.equal([])
      }
      expect(told).to.have.length(4)
    }
  })

  it('bound each other: the low mark the high one, and that what may wait', () => {
    expect(faults(() => tcp.connect({ port: 1, highWaterMark: 100, lowWaterMark: 101 }))).to.deep.equal([
      'lowWaterMark must be at most highWaterMark, which is 100, not 101',
    ])
    expect(faults(() => tcp.connect({ port: 1, lowWaterMark: 65_537 }))).to.deep.equal([
      'lowWaterMark must be at most highWaterMark, which is 65536, not 65537',
    ])
    expect(faults(() => tcp.connect({ port: 1, highWaterMark: 100, maxBuffered: 99 }))).to.deep.equal([
      'highWaterMark must be at most maxBuffered, which is 99, not 100',
    ])
    expect(faults(() => tcp.connect({ port: 1, highWaterMark: Infinity }))).to.deep.equal([
      'highWaterMark must be at most maxBuffered, which is 16777216, not Infinity',
    ])
    expect(faults(() => tcp.connect({ port: 1, lowWaterMark: 100, maxBuffered: 99 }))).to.deep.equal([
      'lowWaterMark must be at most highWaterMark, which is 99, not 100',
    ])
    expect(faults(() => tcp.connect({ port: 1, maxBuffered: 1 }))).to.deep.equal([])
    expect(faults(() => tcp.connect({ port: 1, lowWaterMark: 9, highWaterMark: 9, maxBuffered: 9 }))).to.deep.equal([])
  })

  it('of a dial are all named that are wrong, at once', () => {
    const wrong = {
      host: '',
      localAddress: 'nonsense',
      localPort: -1,
      hints: 'x',
      family: 5,
      lookup: 'dns',
      autoSelectFamily: 1,
      resolveTimeout: 0,
      connectTimeout: NaN,
      noDelay: 'yes',
      keepAliveInitialDelay: -1,
      highWaterMark: 1.5,
      maxBuffered: 0,
      closeTimeout: 2 ** 31,
      timeout: 5,
    }
    expect(faults(() => tcp.connect(wrong as never))).to.deep.equal([
      'port is missing',
      "host must be a string that is not empty, not ''",
      "localAddress must be an IP address, not 'nonsense'",
      'localPort must be a whole number from 0 to 65535, not -1',
      "hints must be a whole number from 0 to 2147483647, not 'x'",
      'family must be one of 0, 4, 6, not 5',
      "lookup must be a function, not 'dns'",
      'autoSelectFamily must be true or false, not 1',
      'resolveTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not 0',
      'connectTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not NaN',
      "noDelay must be true or false, not 'yes'",
      'keepAliveInitialDelay must be milliseconds, 0 to 2147483647, not -1',
      'highWaterMark must be a whole number of bytes, more than 0, not 1.5',
      'maxBuffered must be a whole number of bytes, more than 0, not 0',
      'closeTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not 2147483648',
      'timeout is not an option',
    ])
  })

  it('of a place are all named that are wrong, at once', () => {
    expect(faults(() => tcp.listen({ port: 65_536, backlog: 0, ipv6Only: 0, mode: 1 } as never))).to.deep.equal([
      'port must be a whole number from 0 to 65535, not 65536',
      'backlog must be a whole number from 1 to 65535, not 0',
      'ipv6Only must be true or false, not 0',
      'mode is not an option',
    ])
    expect(faults(() => tcp.listen({ path: '', mode: 0o1000, port: 1 }))).to.deep.equal([
      "path must be a string that is not empty, not ''",
      'mode must be a whole number from 0 to 511, not 512',
      'port is not an option',
    ])
  })

  it('are not those of any object', () => {
    expect(faults(() => tcp.connect({ port: 1, constructor: 1, toString: 1 } as never))).to.deep.equal([
      'constructor is not an option',
      'toString is not an option',
    ])
  })

  it('want a port that can be dialled', () => {
    expect(faults(() => tcp.connect({ port: 0 }))).to.deep.equal(['port must be a whole number from 1 to 65535, not 0'])
  })

  it('share a port only where Node can', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const can = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
    const told = faults(() => tcp.listen({ port: 0, reusePort: true }))
    expect(told).to.deep.equal(can ? [] : ['reusePort needs Node 22.12, not true'])
    expect(faults(() => tcp.listen({ port: 0, reusePort: false }))).to.deep.equal([])
  })
})
