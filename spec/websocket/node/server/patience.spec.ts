import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Patience } from '#src/websocket/node/server/patience.js'
import { turns } from '../../../support/net/resources.js'

const KiB = 1024

function waited(head = ''): { socket: PassThrough; patience: Patience; left: () => number } {
  const socket = new PassThrough({ highWaterMark: 1024 * KiB })
  const patience = new Patience(socket, Buffer.from(head))
  let left = 0
  patience.begin(() => {
    left += 1
  })
  return { socket, patience, left: () => left }
}

describe('Who waits for an answer', () => {
  it('is heard meanwhile, all of it, in its order', async () => {
    const { socket, patience } = waited('one ')
    socket.write('two ')
    await turns(2)
    socket.write('three')
    await turns(2)
    expect(patience.end().toString()).to.equal('one two three')
  })

  it('is read no further once he has said 64 KiB', async () => {
    const { socket, patience } = waited()
    for (let said = 0; said < 10; said += 1) socket.write(Buffer.alloc(32 * KiB))
    await turns(20)
    expect(socket.isPaused()).to.equal(true)
    expect(patience.end().length + socket.readableLength).to.equal(320 * KiB)
    expect(socket.readableLength).to.be.at.least(128 * KiB)
  })

  it('may leave', async () => {
    const { socket, left } = waited()
    socket.end()
    await turns(5)
    expect(left()).to.equal(1)
  })

  it('is nobody’s business any more once he is answered', async () => {
    const { socket, patience, left } = waited()
    patience.end()
    expect([socket.isPaused(), socket.listenerCount('data'), socket.listenerCount('end')]).to.deep.equal([true, 0, 0])
    socket.resume()
    socket.end('more')
    await turns(5)
    expect(left()).to.equal(0)
  })
})
