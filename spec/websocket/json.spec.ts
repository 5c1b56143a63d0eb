import { expect } from 'chai'
import { json } from 'sluice/websocket'
import { asked, played } from '../support/websocket/played.js'

describe('json', () => {
  it('tells and sends values', () => {
    const { receive, inner, connection, packets } = played<unknown>(json())
    for (const message of ['{"a":[1]}', 'null', '"x"', ' 1 ']) receive(message)
    expect(packets).to.deep.equal([{ a: [1] }, null, 'x', 1])
    for (const value of [{ b: 2 }, null, 'é', [true]]) connection.send(value)
    expect(asked(inner)).to.deep.equal(['{"b":2}', 'null', '"é"', '[true]'])
  })

  it('takes a value for no control message, whatever it looks like', () => {
    const { receive, packets } = played(json())
    receive('{"type":"ping","data":{}}')
    expect(packets).to.deep.equal([{ type: 'ping', data: {} }])
  })

  for (const message of ['', '{', 'undefined', '{"a":1}x', '\ufeff1']) {
    it(`closes at ${JSON.stringify(message)}, which is no JSON`, () => {
      const { receive, inner, packets } = played(json())
      receive(message)
      expect(packets).to.deep.equal([])
      expect(asked(inner)).to.deep.equal(['destroy ERR_MESSAGE_ENCODING'])
    })
  }

  it('closes at a binary message', () => {
    const { receive, inner } = played(json())
    receive(Buffer.from('{}'))
    expect(asked(inner)).to.deep.equal(['destroy ERR_MESSAGE_KIND'])
  })

  it('throws at who sends what has no JSON, and sends nothing', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const value of [undefined, () => 1, 1n, circle]) {
      const { inner, connection } = played<unknown>(json())
      expect(() => connection.send(value)).to.throw(TypeError)
      expect(asked(inner)).to.deep.equal([])
    }
  })
})
