import { expect } from 'chai'
import { parseExtensions } from '#src/websocket/node/handshake/extensions.js'

describe('A Sec-WebSocket-Extensions header', () => {
  const read = (header: string) =>
    parseExtensions(header)?.map(({ name, parameters }) => [name, Object.fromEntries(parameters)])

  it('names extensions with parameters, of which some have a value', () => {
    expect(read('foo, bar; a; b=1 ;c = "two",foo;d')).to.deep.equal([
      ['foo', {}],
      ['bar', { a: true, b: '1', c: 'two' }],
      ['foo', { d: true }],
    ])
  })

  for (const [what, header] of Object.entries({
    'is empty': '',
    'begins with a comma': ',foo',
    'ends with a comma': 'foo,',
    'ends with a semicolon': 'foo;',
    'has a value and no name': 'foo; =1',
    'has a name and no value': 'foo; a=',
    'has an open quotation': 'foo; a="1',
    'has a quotation that is no token': 'foo; a="1 2"',
    'has what is no token': 'foo bar',
    'names a parameter twice': 'foo; a; a=1',
  })) {
    it(`can't be read where it ${what}`, () => {
      expect(read(header)).to.equal(undefined)
    })
  }

  it('is read in linear time', () => {
    expect(read('a;'.repeat(20_000))).to.equal(undefined)
    expect(read(`a${';b=c'.repeat(20_000)} `)).to.equal(undefined)
    expect(read(`a${' '.repeat(50_000)}b`)).to.equal(undefined)
  })
})
