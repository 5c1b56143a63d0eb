import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { readBuffer } from '#src/net/shared-reads.js'
import { webSocket, type WebSocketPlace, type WebSocketTarget } from 'sluice/websocket'
import { ca, server as certificate } from '../../support/net/certificates.js'
import { closeAll, later } from '../../support/net/closing.js'
import { watch } from '../../support/net/watch.js'

const host = '127.0.0.1'

/** A server and a client, both open. */
async function pair(
  place: WebSocketPlace,
  { scheme = 'ws', ...target }: Partial<WebSocketTarget> & { scheme?: string } = {},
) {
  const server = watch(webSocket.listen(place))
  const { listener } = await server.next('listening')
  const client = watch(webSocket.connect({ url: `${scheme}://${host}:${listener.endpoint.port}`, ...target }))
  const [{ connection: here }, { connection: there }] = await Promise.all([client.next('open'), server.next('open')])
  return { server, client, here, there }
}

async function overServer(): Promise<WebSocketPlace> {
  const server = createServer()
  later(() => server.close())
  server.listen({ port: 0, host })
  await once(server, 'listening')
  expect((server.address() as AddressInfo).port).to.be.above(0)
  return { server }
}

describe('webSocket', () => {
  afterEach(closeAll)

  it('carries texts and bytes both ways, each as what it was', async () => {
    const { server, client, here } = await pair({ host, port: 0 })
    server.react(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    here.send('grüße')
    here.send(new Uint8Array([1, 2, 3]))
    here.send('')
    await client.next('packet', 3)
    expect(client.packets).to.deep.equal(['grüße', Buffer.from([1, 2, 3]), ''])
    here.close()
    await client.over()
    await server.next('close')
    expect(server.story).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
    expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
  })

  it('tells pings and pongs to who asks for them', async () => {
    const { server, client, here } = await pair({ host, port: 0, control: true }, { control: true })
    here.send({ type: 'ping', data: Buffer.from('there?') })
    await client.next('packet')
    expect(server.packets).to.deep.equal([{ type: 'ping', data: Buffer.from('there?') }])
    expect(client.packets).to.deep.equal([{ type: 'pong', data: Buffer.from('there?') }])
  })

  it('compresses where both want to', async () => {
    const { server, here, there } = await pair({ host, port: 0, deflate: true }, { deflate: { threshold: 0 } })
    const text = 'again and '.repeat(5_000)
    here.send(text)
    expect((await server.next('packet')).packet).to.equal(text)
    expect(there.bytesRead).to.be.below(2_000)
  })

  it('does not where one of them does not', async () => {
    for (const [ours, theirs] of [
      [true, false],
      [false, true],
    ] as const) {
      const { server, here, there } = await pair({ host, port: 0, deflate: theirs }, { deflate: ours })
      here.send('again and '.repeat(1_000))
      await server.next('packet')
      expect(there.bytesRead).to.be.above(10_000)
    }
  })

  it('opens anew for each who subscribes', async () => {
    const server = watch(webSocket.listen({ host, port: 0 }))
    const { listener } = await server.next('listening')
    const stream = webSocket.connect(`ws://${host}:${listener.endpoint.port}`)
    const clients = [watch(stream), watch(stream)]
    await Promise.all(clients.map(client => client.next('open')))
    await server.next('open', 2)
    expect(new Set(server.all('open').map(({ connection }) => connection.id)).size).to.equal(2)
  })

  describe('reads into the memory that all share', () => {
    const secure = { scheme: 'wss', tls: { ca } }
    const places = {
      'on a port of its own': async () => pair({ host, port: 0 }),
      'on a port of its own, over TLS': async () => pair({ host, port: 0, tls: certificate }, secure),
      'on a server that is there for other things too': async () => pair(await overServer()),
    }
    for (const [where, make] of Object.entries(places)) {
      it(where, async () => {
        const { server, client, here, there } = await make()
        readBuffer.fill(0, 0, 10)
        there.send('answered')
        await client.next('packet')
        expect(readBuffer.toString('latin1', 2, 10)).to.equal('answered')
        readBuffer.fill(0, 0, 10)
        here.send('question')
        await server.next('packet')
        expect([...readBuffer.subarray(0, 2)]).to.deep.equal([0x81, 0x88])
      })
    }
  })
})
