import { expect } from 'chai'
import { SluiceError, type ErrorCode } from 'sluice'
import { webSocket } from 'sluice/websocket'
import { closeAll } from '../support/net/closing.js'
import { watch } from '../support/net/watch.js'
import { rawSocketClient } from '../support/websocket/raw-socket.js'

/** Nothing is said to who is presumed dead, or does not read. */
const SILENCE: readonly string[] = []

const words: Readonly<Partial<Record<ErrorCode, number | typeof SILENCE>>> = {
  ERR_CLOSED_ABNORMALLY: SILENCE,
  ERR_CLOSE_TIMEOUT: SILENCE,
  ERR_HEARTBEAT_TIMEOUT: SILENCE,
  ERR_SEND_OVERFLOW: SILENCE,
  ERR_WRITE_TIMEOUT: SILENCE,
  ERR_IDLE_TIMEOUT: 1001,
  ERR_PROTOCOL: 1002,
  ERR_MESSAGE_KIND: 1003,
  ERR_FRAME_MALFORMED: 1007,
  ERR_FRAME_TRUNCATED: 1007,
  ERR_MESSAGE_ENCODING: 1007,
  ERR_FIRST_PACKET_TIMEOUT: 1008,
  ERR_FLOOD: 1008,
  ERR_FRAME_TOO_LONG: 1009,
  ERR_MESSAGE_TOO_LONG: 1009,
  ERR_HANDLER: 1011,
  ERR_READ_OVERFLOW: 1011,
  ERR_REFUSED: 1013,
}

describe('A WebSocket that is destroyed', () => {
  afterEach(closeAll)

  async function destroyedWith(error?: Error): Promise<readonly string[]> {
    const server = watch(webSocket.listen({ host: '127.0.0.1', port: 0 }))
    const { listener } = await server.next('listening')
    const peer = await rawSocketClient(listener.endpoint.port ?? 0)
    const { connection } = await server.next('open')
    connection.destroy(error)
    return peer.over()
  }

  for (const [code, word] of Object.entries(words)) {
    const said = typeof word === 'number' ? [`close ${word}`] : SILENCE
    it(`with ${code} says ${said.join() || 'nothing'}`, async () => {
      expect(await destroyedWith(new SluiceError(code as ErrorCode, 'why'))).to.deep.equal(said)
    })
  }

  it('says that the fault was ours, where it is anybody’s error, and nothing where there is none', async () => {
    expect(await destroyedWith(new Error('oops'))).to.deep.equal(['close 1011'])
    expect(await destroyedWith(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).to.deep.equal(['close 1011'])
    expect(await destroyedWith()).to.deep.equal([])
  })
})
