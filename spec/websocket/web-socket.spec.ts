import { expect } from 'chai'
import { webSocket } from 'sluice/websocket'
import { closeAll } from '../support/net/closing.js'
import { watch } from '../support/net/watch.js'

const host = '127.0.0.1'

describe('webSocket', () => {
  afterEach(closeAll)

  it('carries texts and bytes both ways, each as what it was', async () => {
    const server = watch(webSocket.listen({ host, port: 0 }), event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    const { listener } = await server.next('listening')
    const client = watch(webSocket.connect(`ws://${host}:${listener.endpoint.port}/`))
    const { connection } = await client.next('open')
    connection.send('grüße')
    connection.send(new Uint8Array([1, 2, 3]))
    connection.send('')
    await client.next('packet', 3)
    expect(client.packets).to.deep.equal(['grüße', Buffer.from([1, 2, 3]), ''])
    connection.close()
    await client.over()
    await server.next('close')
    expect(server.story).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
    expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
  })
})
