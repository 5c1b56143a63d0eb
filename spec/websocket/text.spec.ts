import { expect } from 'chai'
import { text } from 'sluice/websocket'
import { asked, played } from '../support/websocket/played.js'

describe('text', () => {
  it('tells and sends strings', () => {
    const { receive, inner, connection, packets } = played<string>(text())
    receive('hello')
    receive('')
    expect(packets).to.deep.equal(['hello', ''])
    inner.answer = false
    expect(connection.send('world')).to.equal(false)
    expect(asked(inner)).to.deep.equal(['world'])
  })

  it('closes at a binary message', () => {
    const { receive, inner, packets } = played(text())
    receive(new Uint8Array())
    expect(packets).to.deep.equal([])
    expect(asked(inner)).to.deep.equal(['destroy ERR_MESSAGE_KIND'])
  })

  it('throws at who sends anything else', () => {
    const { inner, connection } = played<unknown>(text())
    expect(() => connection.send(new Uint8Array())).to.throw(TypeError, 'sends a string, not object')
    expect(asked(inner)).to.deep.equal([])
  })
})
