import { once } from 'node:events'
import { expect } from 'chai'
import { openSocket } from '#src/net/open-socket.js'
import { Stage } from '#src/net/stage.js'
import { closeAll, later } from '../support/net/closing.js'
import { rawServer } from '../support/net/peers.js'

describe('openSocket', () => {
  afterEach(closeAll)

  it('has nobody listen any more who was there for the dial, once that is done', async () => {
    const { port } = await rawServer()
    const stage = new Stage(() => undefined)
    const { socket } = openSocket({ host: '127.0.0.1', port }, stage, {}, () => undefined)
    later(() => socket.destroy())
    await once(socket, 'connect')
    expect(['lookup', 'connect', 'close'].map(name => socket.listenerCount(name))).to.deep.equal([0, 0, 0])
  })
})
