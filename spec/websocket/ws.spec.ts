import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { webSocket } from 'sluice/websocket'
import { WebSocket, WebSocketServer, type ClientOptions, type ServerOptions } from 'ws'
import { ca, server as credentials } from '../support/net/certificates.js'
import { closeAll, later } from '../support/net/closing.js'
import { eventually } from '../support/net/resources.js'
import { watch } from '../support/net/watch.js'

const host = '127.0.0.1'
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 1024 * 1024]
const messages = SIZES.flatMap(size => ['é'.repeat(size / 2), Buffer.alloc(size, size & 0xff)])

/** What a socket of theirs has been sent. */
function collected(socket: WebSocket): (string | Buffer)[] {
  const all: (string | Buffer)[] = []
  socket.on('message', (data: Buffer, isBinary) => all.push(isBinary ? data : data.toString()))
  return all
}

function theirClient(url: string, protocols: string[] = [], options: ClientOptions = {}): WebSocket {
  const client = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
  client.on('error', () => undefined)
  later(() => {
    client.terminate()
  })
  return client
}

/** Their server, and each of its sockets. */
async function theirServer(options: ServerOptions = {}) {
  const server = new WebSocketServer({ host, port: 0, ...options })
  const sockets: WebSocket[] = []
  server.on('connection', socket => sockets.push(socket))
  later(() => {
    server.close()
    for (const socket of sockets) socket.terminate()
  })
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  return { url: `ws://${host}:${port}/`, sockets }
}

async function farewell(socket: WebSocket): Promise<readonly [code: number, detail: string]> {
  const [code, detail] = (await once(socket, 'close')) as [number, Buffer]
  return [code, detail.toString()]
}

describe('A WebSocket with ws as its client', () => {
  afterEach(closeAll)

  async function listening(options: object = {}) {
    const server = watch(webSocket.listen({ host, port: 0, protocols: ['b', 'c'], control: true, ...options }))
    const { listener } = await server.next('listening')
    return { server, url: `ws://${host}:${listener.endpoint.port ?? 0}/` }
  }

  it('carries messages of all sizes both ways, and a protocol', async () => {
    const { server, url } = await listening()
    server.react(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    const client = theirClient(url, ['a', 'c', 'b'])
    const echoed = collected(client)
    await once(client, 'open')
    expect(client.protocol).to.equal('b')
    for (const message of messages) client.send(message)
    await eventually(() => echoed.length === messages.length)
    expect(echoed).to.deep.equal(messages)
    expect(server.packets).to.deep.equal(messages)
    expect(server.all('open')[0]?.connection.protocol).to.equal('b')
  })

  it('puts its fragments together, and speaks in pings', async () => {
    const { server, url } = await listening()
    const client = theirClient(url)
    await once(client, 'open')
    client.send('grü', { fin: false })
    client.ping('are you there')
    client.send('ße')
    const [pong] = (await once(client, 'pong')) as [Buffer]
    expect(pong.toString()).to.equal('are you there')
    await server.next('packet', 2)
    expect(server.packets).to.deep.equal([{ type: 'ping', data: Buffer.from('are you there') }, 'grüße'])
    server.all('open')[0]?.connection.send({ type: 'ping', data: Buffer.from('and you') })
    await server.next('packet', 3)
    expect(server.packets[2]).to.deep.equal({ type: 'pong', data: Buffer.from('and you') })
  })

  for (const [code, detail] of [
    [1000, ''],
    [1001, 'going'],
    [4999, 'é'.repeat(61)],
  ] as const) {
    it(`closes with ${code}, and is closed with it`, async () => {
      const { server, url } = await listening()
      const client = theirClient(url)
      await once(client, 'open')
      client.close(code, detail)
      expect(await server.next('close')).to.include({ code, detail, reason: 'remote' })
      expect(client.readyState).to.be.oneOf([WebSocket.CLOSING, WebSocket.CLOSED])

      const other = theirClient(url)
      const { connection } = await server.next('open', 2)
      const left = farewell(other)
      connection.close({ code, detail })
      expect(await left).to.deep.equal([code, detail])
      expect(await server.next('close', 2)).to.include({ code, reason: 'local' })
    })
  }

  it('closes without a code: 1005', async () => {
    const { server, url } = await listening()
    const client = theirClient(url)
    await once(client, 'open')
    const left = farewell(client)
    client.close()
    expect(await server.next('close')).to.include({ code: 1005, detail: '', reason: 'remote' })
    expect((await left)[0]).to.be.oneOf([1000, 1005])
  })

  it('is gone: 1006, on either side', async () => {
    const { server, url } = await listening()
    const client = theirClient(url)
    await once(client, 'open')
    client.terminate()
    expect(await server.next('close')).to.include({ code: 1006, reason: 'error' })
    const other = theirClient(url)
    const { connection } = await server.next('open', 2)
    const left = farewell(other)
    connection.destroy()
    expect(await left).to.deep.equal([1006, ''])
  })

  it('works over TLS', async () => {
    const server = watch(webSocket.listen({ host, port: 0, tls: credentials }), event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    const { listener } = await server.next('listening')
    const client = theirClient(`wss://localhost:${listener.endpoint.port ?? 0}/`, [], { ca, family: 4 })
    const echoed = collected(client)
    await once(client, 'open')
    for (const message of messages) client.send(message)
    await eventually(() => echoed.length === messages.length)
    expect(echoed).to.deep.equal(messages)
  })

  it('is told why it is refused', async () => {
    const { url } = await listening({
      negotiate: () => ({ accept: false, status: 401, headers: { 'X-Why': 'because' }, body: 'who are you?' }),
    })
    const client = theirClient(url)
    const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(response.statusCode).to.equal(401)
    expect(response.headers['x-why']).to.equal('because')
    const [body] = (await once(response, 'data')) as [Buffer]
    expect(body.toString()).to.equal('who are you?')
  })
})

describe('A WebSocket with ws as its server', () => {
  afterEach(closeAll)

  it('carries messages of all sizes both ways, and a protocol', async () => {
    const server = await theirServer({ handleProtocols: () => 'b' })
    const client = watch(webSocket.connect({ url: server.url, protocols: ['a', 'b'] }))
    const { connection } = await client.next('open')
    expect(connection.protocol).to.equal('b')
    const socket = server.sockets[0] as WebSocket
    const heard = collected(socket)
    socket.on('message', (data: Buffer, isBinary) => {
      socket.send(isBinary ? data : data.toString())
    })
    for (const message of messages) connection.send(message)
    await client.next('packet', messages.length)
    expect(heard).to.deep.equal(messages)
    expect(client.packets).to.deep.equal(messages)
  })

  it('puts our messages and its fragments together, and speaks in pings', async () => {
    const server = await theirServer()
    const client = watch(webSocket.connect({ url: server.url, control: true }))
    const { connection } = await client.next('open')
    const socket = server.sockets[0] as WebSocket
    connection.send({ type: 'ping', data: Buffer.from('are you there') })
    await client.next('packet')
    expect(client.packets).to.deep.equal([{ type: 'pong', data: Buffer.from('are you there') }])
    socket.send('grü', { fin: false })
    socket.ping('and you')
    socket.send('ße')
    const [pong] = (await once(socket, 'pong')) as [Buffer]
    expect(pong.toString()).to.equal('and you')
    await client.next('packet', 3)
    expect(client.packets.slice(1)).to.deep.equal([{ type: 'ping', data: Buffer.from('and you') }, 'grüße'])
  })

  it('closes with a code, and is closed with one', async () => {
    const server = await theirServer()
    const client = watch(webSocket.connect(server.url))
    await client.next('open')
    server.sockets[0]?.close(4001, 'why not')
    expect(await client.over()).to.equal(undefined)
    expect(client.all('close')[0]).to.include({ code: 4001, detail: 'why not', reason: 'remote' })

    const other = watch(webSocket.connect(server.url))
    const { connection } = await other.next('open')
    const left = farewell(server.sockets[1] as WebSocket)
    connection.close({ code: 4002, detail: 'enough' })
    expect(await left).to.deep.equal([4002, 'enough'])
    expect(await other.over()).to.equal(undefined)
  })

  it('hears 1000 when we unsubscribe, and 1006 when we destroy', async () => {
    const server = await theirServer()
    const client = watch(webSocket.connect(server.url))
    await client.next('open')
    const left = farewell(server.sockets[0] as WebSocket)
    client.unsubscribe()
    expect(await left).to.deep.equal([1000, ''])

    const other = watch(webSocket.connect(server.url))
    const { connection } = await other.next('open')
    const lost = farewell(server.sockets[1] as WebSocket)
    connection.destroy()
    expect(await lost).to.deep.equal([1006, ''])
  })

  it('refuses: the error has its status and its body', async () => {
    const http = createServer((_, response) => {
      response.writeHead(503, { 'Retry-After': '7' }).end('too many')
    })
    http.listen(0, host)
    later(() => http.close())
    await once(http, 'listening')
    const { port } = http.address() as { readonly port: number }
    const client = watch(webSocket.connect(`ws://${host}:${port}/`))
    const error = await client.over()
    expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 503, body: 'too many' })
    expect(error).to.have.nested.property('headers.retry-after', '7')
  })
})
