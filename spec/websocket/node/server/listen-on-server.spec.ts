import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import express from 'express'
import fastify from 'fastify'
import { map, type Observable } from 'rxjs'
import { webSocket, type AcceptedConnection, type Message, type WebSocketEvent } from 'sluice/websocket'
import { ca, server as certificate } from '../../../support/net/certificates.js'
import { closeAll, later } from '../../../support/net/closing.js'
import { freshPath } from '../../../support/net/directory.js'
import { gone } from '../../../support/net/peers.js'
import { watch, type Watch } from '../../../support/net/watch.js'
import { ask, requestText, say, upgradeHeaders } from '../../../support/websocket/http.js'

type Event = WebSocketEvent<Message, AcceptedConnection>
type Stream = Observable<Event>

const host = '127.0.0.1'

/** A server that is there for something else. */
async function started(server: Server, where: object = { port: 0, host }): Promise<Server> {
  later(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(where)
  await once(server, 'listening')
  return server
}

function plain(listener: RequestListener = (_, response) => response.end('plain')): Promise<Server> {
  return started(createServer(listener))
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function dial(url: string) {
  return watch(webSocket.connect(url))
}

/** What a listener does that answers each message with a word before it. */
function echoing(stream: Stream, word: string): Watch<Event> {
  return watch(stream, event => {
    if (event.type === 'packet') event.connection.send(`${word}: ${String(event.packet)}`)
  })
}

async function answerTo(url: string): Promise<Message | undefined> {
  const client = dial(url)
  const { connection } = await client.next('open')
  connection.send('hello')
  await client.next('packet')
  connection.close()
  await client.over()
  return client.packets[0]
}

describe('webSocket.listen on a server that is there for other things too', () => {
  afterEach(closeAll)

  it('takes the upgrades of one path, and leaves the requests', async () => {
    const server = await plain()
    const chat = echoing(webSocket.listen({ server, pathname: '/chat' }), 'chat')
    expect((await chat.next('listening')).listener.endpoint).to.deep.equal({
      address: host,
      port: portOf(server),
      family: 'IPv4',
    })
    expect(await answerTo(`ws://${host}:${portOf(server)}/chat?as=ada`)).to.equal('chat: hello')
    expect(await (await fetch(`http://${host}:${portOf(server)}/chat`)).text()).to.equal('plain')
    const { connection } = await chat.next('open')
    expect(connection.local).to.include({ address: host, port: portOf(server) })
    expect(connection.remote).to.include({ address: host })
  })

  it('shares it with others of its kind, each with its path', async () => {
    const server = await plain()
    for (const name of ['one', 'two']) echoing(webSocket.listen({ server, pathname: `/${name}` }), name)
    echoing(webSocket.listen({ server }), 'rest')
    const url = `ws://${host}:${portOf(server)}`
    expect(await answerTo(`${url}/one`)).to.equal('one: hello')
    expect(await answerTo(`${url}/two`)).to.equal('two: hello')
    expect(await answerTo(`${url}/three`)).to.equal('rest: hello')
  })

  it('refuses with 404 what nobody is there for', async () => {
    const server = await plain()
    watch(webSocket.listen({ server, pathname: '/chat' }))
    const client = dial(`ws://${host}:${portOf(server)}/other`)
    expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 404 })
  })

  it('leaves what it is not there for to others who listen for upgrades', async () => {
    const server = await plain()
    watch(webSocket.listen({ server, pathname: '/chat' }))
    server.on('upgrade', (request, socket) => {
      if (request.url === '/other') socket.end('HTTP/1.1 418 I am a teapot\r\n\r\n')
    })
    const client = dial(`ws://${host}:${portOf(server)}/other`)
    expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 418 })
    const chat = dial(`ws://${host}:${portOf(server)}/chat`)
    await chat.next('open')
  })

  it('answers as before who asks for another upgrade, such as that to HTTP/2', async () => {
    const server = await plain((request, response) => {
      request.resume().on('end', () => response.end(`plain ${request.url}`))
    })
    watch(webSocket.listen({ server }))
    const headers = {
      Host: 'localhost',
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAA',
    }
    const peer = await say({ port: portOf(server) }, requestText(headers, 'GET /page HTTP/1.1'))
    await peer.closed()
    expect([peer.status, peer.body]).to.deep.equal([200, 'plain /page'])
    expect(peer.header('Connection')).to.equal('close')
  })

  it('refuses with 400 who asks for another upgrade and has a body, which Node does not read', async () => {
    const server = await plain()
    watch(webSocket.listen({ server }))
    const headers = { Host: 'localhost', Connection: 'Upgrade', Upgrade: 'h2c', 'Content-Length': '5' }
    const peer = await say({ port: portOf(server) }, `${requestText(headers, 'POST / HTTP/1.1')}hello`)
    expect((await peer.closed()).status).to.equal(400)
  })

  it('can not have a path that another has, as long as that one is open', async () => {
    const server = await plain()
    const first = watch(webSocket.listen({ server, pathname: '/chat' }))
    const { listener } = await first.next('listening')
    const second = watch(webSocket.listen({ server, pathname: '/chat' }))
    expect(await second.over()).to.include({ code: 'EADDRINUSE' })
    const open = dial(`ws://${host}:${portOf(server)}/chat`)
    await open.next('open')
    listener.close()
    const third = echoing(webSocket.listen({ server, pathname: '/chat' }), 'third')
    await third.next('listening')
    expect(await answerTo(`ws://${host}:${portOf(server)}/chat`)).to.equal('third: hello')
    expect(open.ended).to.equal(undefined)
    first.unsubscribe()
    expect(await answerTo(`ws://${host}:${portOf(server)}/chat`)).to.equal('third: hello')
  })

  it('listens when the server does', async () => {
    const server = createServer()
    const chat = watch(webSocket.listen({ server }))
    expect(chat.types).to.deep.equal([])
    await started(server)
    const { listener } = await chat.next('listening')
    expect(listener.endpoint.port).to.equal(portOf(server))
  })

  it('errors if the server can not be bound, which stays its own to handle', async () => {
    const taken = portOf(await plain())
    const server = createServer()
    const handled = once(server, 'error')
    const chat = watch(webSocket.listen({ server }))
    server.listen({ port: taken, host })
    const [error] = (await handled) as [Error]
    expect(await chat.over()).to.equal(error)
    expect(error).to.include({ code: 'EADDRINUSE' })
  })

  it('leaves nothing on it when it is unsubscribed, and does not close it', async () => {
    const server = await plain()
    const before = listenersOf(server)
    const chat = watch(webSocket.listen({ server, pathname: '/chat' }))
    const other = watch(webSocket.listen({ server, pathname: '/other' }))
    const client = dial(`ws://${host}:${portOf(server)}/chat`)
    await Promise.all([client.next('open'), chat.next('open'), other.next('listening')])
    chat.unsubscribe()
    await client.over()
    expect(client.all('close')[0]).to.include({ reason: 'remote', code: 1000 })
    expect(listenersOf(server).get('upgrade')).to.equal(1)
    other.unsubscribe()
    expect(listenersOf(server)).to.deep.equal(before)
    expect(await (await fetch(`http://${host}:${portOf(server)}/`)).text()).to.equal('plain')
  })

  it('holds upgrades while it is paused, as many as its backlog has room for', async () => {
    const server = await plain()
    const chat = watch(webSocket.listen({ server, backlog: 1 }))
    const { listener } = await chat.next('listening')
    listener.pause()
    const held = await ask(portOf(server))
    await once(server, 'upgrade')
    const refused = await (await ask(portOf(server))).closed()
    expect([refused.status, listener.refused, chat.types]).to.deep.equal([503, 1, ['listening']])
    expect(held.text).to.equal('')
    listener.resume()
    expect((await held.answered()).status).to.equal(101)
    await chat.next('open')
  })

  for (const [how, leave] of [
    ['resets', 'resetAndDestroy'],
    ['ends', 'end'],
  ] as const) {
    it(`forgets who ${how} while it is held`, async () => {
      const server = await plain()
      const chat = watch(webSocket.listen({ server }))
      const { listener } = await chat.next('listening')
      listener.pause()
      const leaver = await ask(portOf(server))
      const [, socket] = (await once(server, 'upgrade')) as [unknown, Duplex]
      leaver.socket[leave]()
      if (leave === 'end') await once(socket, 'end')
      else await gone(socket)
      listener.resume()
      const next = dial(`ws://${host}:${portOf(server)}`)
      await next.next('open')
      await chat.next('open')
      expect(chat.story).to.deep.equal(['listening', 'open'])
      await leaver.closed()
    })
  }

  it('refuses with 503 once its listener is closed, and completes with the last connection', async () => {
    const server = await plain()
    const chat = watch(webSocket.listen({ server }))
    const { listener } = await chat.next('listening')
    const client = dial(`ws://${host}:${portOf(server)}`)
    const { connection } = await client.next('open')
    await chat.next('open')
    listener.close()
    expect((await (await ask(portOf(server))).closed()).status).to.equal(503)
    expect(chat.ended).to.equal(undefined)
    connection.close()
    await chat.over()
    expect(chat.ended).to.equal('complete')
    expect(server.listenerCount('upgrade')).to.equal(0)
  })

  describe('is rid after closeTimeout of who takes nothing', () => {
    const asked: Readonly<Record<string, [path: string, headers: Readonly<Record<string, string>>]>> = {
      'and is refused with 503': ['/chat', upgradeHeaders],
      'and is refused with 404': ['/other', upgradeHeaders],
      'and is refused with 400': ['/', { upgrade: 'h2c', 'content-length': '5' }],
      'but an answer to another upgrade': ['/', { upgrade: 'h2c' }],
    }
    for (const [what, [url, headers]] of Object.entries(asked)) {
      it(what, async () => {
        const server = await plain()
        const chat = watch(webSocket.listen({ server, pathname: '/chat', backlog: 1, closeTimeout: 20 }))
        ;(await chat.next('listening')).listener.pause()
        await ask(portOf(server), {}, 'GET /chat HTTP/1.1')
        await once(server, 'upgrade')
        const socket = new Duplex({
          read: () => undefined,
          write: (_, __, done) => {
            if (what.startsWith('but')) done()
          },
          final: () => undefined,
        })
        const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
        server.emit('upgrade', { method: 'GET', url, headers: lower }, socket, Buffer.alloc(0))
        await once(socket, 'close')
      })
    }
  })

  it('completes when the server closes', async () => {
    const server = await plain()
    const chat = watch(webSocket.listen({ server }))
    await chat.next('listening')
    server.close()
    await chat.over()
    expect(chat.ended).to.equal('complete')
  })

  it('is not bound by how long a request may be silent', async () => {
    const server = await plain()
    server.timeout = 60_000
    const chat = watch(webSocket.listen({ server }))
    const upgraded = once(server, 'upgrade') as Promise<[unknown, Socket]>
    const client = dial(`ws://${host}:${portOf(server)}`)
    await Promise.all([client.next('open'), chat.next('open')])
    const [, socket] = await upgraded
    expect(socket.timeout).to.equal(0)
  })

  it('works beside Express', async () => {
    const app = express()
    app.get('/page', (_, response) => void response.send('from Express'))
    const server = await started(createServer(app as RequestListener))
    echoing(webSocket.listen({ server, pathname: '/chat' }), 'chat')
    expect(await answerTo(`ws://${host}:${portOf(server)}/chat`)).to.equal('chat: hello')
    expect(await (await fetch(`http://${host}:${portOf(server)}/page`)).text()).to.equal('from Express')
  })

  it('works beside Fastify', async () => {
    const app = fastify()
    later(() => app.close())
    app.get('/page', () => 'from Fastify')
    const chat = echoing(webSocket.listen({ server: app.server, pathname: '/chat' }), 'chat')
    await app.listen({ port: 0, host })
    await chat.next('listening')
    const { port } = app.server.address() as AddressInfo
    expect(await answerTo(`ws://${host}:${port}/chat`)).to.equal('chat: hello')
    expect(await (await fetch(`http://${host}:${port}/page`)).text()).to.equal('from Fastify')
  })

  it('works on an https server, and says what its handshake has settled', async () => {
    const server = await started(createSecure(certificate))
    const chat = watch(webSocket.listen({ server }))
    const client = watch(webSocket.connect({ url: `wss://localhost:${portOf(server)}`, tls: { ca } }))
    const [there, here] = await Promise.all([chat.next('open'), client.next('open')])
    expect(there.connection.tls).to.include({ protocol: 'TLSv1.3', serverName: 'localhost' })
    expect(there.connection.local).to.include({ port: portOf(server) })
    expect(here.connection.tls?.peer?.subject).to.deep.equal({ CN: 'localhost' })
    here.connection.send('hello')
    await chat.next('packet')
  })

  it('works on a server at a path', async () => {
    const path = freshPath()
    const server = await started(createServer(), { path })
    const chat = echoing(webSocket.listen({ server }), 'chat')
    const client = watch(webSocket.connect({ url: 'ws://localhost/', path }))
    const { connection } = await client.next('open')
    connection.send('hello')
    expect((await client.next('packet')).packet).to.equal('chat: hello')
    expect((await chat.next('open')).connection.remote).to.deep.equal({ address: path })
  })

  it('takes a message that comes in the same segment as the request', async () => {
    const server = await plain()
    const chat = watch(webSocket.listen({ server }).pipe(map(event => event)))
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]).toString('latin1')
    const peer = await say({ port: portOf(server) }, '')
    peer.socket.write(requestText(upgradeHeaders) + frame, 'latin1')
    expect((await chat.next('packet')).packet).to.equal('hi')
  })
})

function listenersOf(server: Server): Map<string | symbol, number> {
  return new Map(server.eventNames().map(name => [name, server.listenerCount(name)]))
}
