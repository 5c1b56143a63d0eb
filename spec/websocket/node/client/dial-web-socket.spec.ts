import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Agent, createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { createServer as createSecure } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import { takeWhile } from 'rxjs'
import { webSocket, type WebSocketTarget } from 'sluice/websocket'
import { WebSocketServer } from 'ws'
import { forgotten } from '../../../support/memory-taken.js'
import { blackhole } from '../../../support/net/blackhole.js'
import { ca, client as ada, fingerprint, server as certificate, stranger } from '../../../support/net/certificates.js'
import { closeAll, later } from '../../../support/net/closing.js'
import { rawServer, type RawServer } from '../../../support/net/peers.js'
import { eventually, resources, resourcesAtRest, resourcesLeft, turns } from '../../../support/net/resources.js'
import { watch } from '../../../support/net/watch.js'
import { close } from '../../../support/websocket/raw-frame.js'
import { rawSocketServer } from '../../../support/websocket/raw-socket.js'
import { ProxyAgent, connectProxy } from '../../../support/websocket/proxy.js'

const host = '127.0.0.1'

function dial(port: number, target: Partial<WebSocketTarget> = {}, path = '/') {
  return watch(webSocket.connect({ url: `ws://${host}:${port}${path}`, ...target }))
}

/** A server that says something to whoever asks, with the right answer to his key in place of `ACCEPT`. */
function answering(...texts: readonly (Buffer | string)[]): Promise<RawServer> {
  const answer = (socket: Socket): void => {
    let request = ''
    socket.on('data', chunk => {
      request += chunk.toString('latin1')
      if (!request.endsWith('\r\n\r\n')) return
      const [, key = ''] = /Sec-WebSocket-Key: (\S+)/i.exec(request) ?? []
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const said = texts.map(text => (typeof text === 'string' ? Buffer.from(text.replace('ACCEPT', accept)) : text))
      socket.write(Buffer.concat(said))
    })
  }
  return rawServer(answer, { allowHalfOpen: false })
}

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\n'
const GOOD = `${SWITCHING}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n`

describe('webSocket.connect', () => {
  afterEach(closeAll)

  describe('asks', () => {
    async function asked(target: Partial<WebSocketTarget> & { readonly at?: string }): Promise<string[]> {
      const { at = '/', ...options } = target
      const server = await rawServer(socket => socket.once('data', chunk => socket.end(chunk)))
      const url = new URL(`ws://${host}:${server.port}${at}`)
      const client = watch(webSocket.connect({ url, ...options }))
      const socket = await server.socket()
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      client.abort()
      return chunk.toString().split('\r\n')
    }

    it('as RFC 6455 section 4.1 has it', async () => {
      const lines = await asked({ at: '/chat?as=ada' })
      expect(lines[0]).to.equal('GET /chat?as=ada HTTP/1.1')
      expect(lines).to.include.members(['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'])
      expect(lines.filter(line => /^Host: 127\.0\.0\.1:\d+$/.test(line))).to.have.length(1)
      expect(lines.filter(line => /^Sec-WebSocket-Key: [+/\w]{22}==$/.test(line))).to.have.length(1)
      expect(lines.filter(line => line.startsWith('Sec-WebSocket'))).to.have.length(2)
    })

    it('with another key each time', async () => {
      const keys = await Promise.all([1, 2].map(async () => (await asked({})).find(line => /-Key: /.test(line))))
      expect(keys[0]).not.to.equal(keys[1])
    })

    it('for protocols, with headers of yours, and with the name and password of the URL', async () => {
      const lines = await asked({ protocols: ['chat', 'v2.chat'], headers: { Cookie: 'a=1', 'X-Many': ['b', 'c'] } })
      expect(lines).to.include.members([
        'Sec-WebSocket-Protocol: chat, v2.chat',
        'Cookie: a=1',
        'X-Many: b',
        'X-Many: c',
      ])
      const server = await rawServer(socket => socket.once('data', chunk => socket.end(chunk)))
      const client = watch(webSocket.connect(`ws://ada:p%40ss@${host}:${server.port}`))
      const [chunk] = (await once(await server.socket(), 'data')) as [Buffer]
      expect(chunk.toString()).to.include(`Authorization: Basic ${Buffer.from('ada:p@ss').toString('base64')}`)
      client.abort()
    })

    it('in words of yours where you have others', async () => {
      const lines = await asked({ headers: { authorization: 'Bearer x', host: 'example.org' } })
      expect(lines).to.include.members(['authorization: Bearer x', 'host: example.org'])
      expect(lines.filter(line => /^host:/i.test(line))).to.have.length(1)
    })
  })

  describe('opens', () => {
    it('when the server has agreed, and tells what came in the same segment', async () => {
      const server = await answering(`${GOOD}Sec-WebSocket-Protocol: b\r\n\r\n`, Buffer.from([0x81, 2, 0x68, 0x69]))
      const client = dial(server.port, { protocols: ['a', 'b'] })
      const { packet, connection } = await client.next('packet')
      expect([packet, connection.protocol]).to.deep.equal(['hi', 'b'])
      expect(client.types).to.deep.equal(['connecting', 'open', 'packet'])
      expect(connection.remote).to.include({ address: host, port: server.port })
      expect(connection.local).to.include({ address: host })
    })

    it('where the server agrees in other words and cases', async () => {
      const server = await answering(
        `${SWITCHING}UPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: ACCEPT\r\n\r\n`,
      )
      await dial(server.port, { protocols: ['a'] }).next('open')
    })
  })

  describe('refuses an answer', () => {
    const wrong: Readonly<Record<string, string>> = {
      'with another accept': `${GOOD.replace('ACCEPT', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')}\r\n`,
      'without an accept': `${GOOD.replace(/Sec-WebSocket-Accept.*\r\n/, '')}\r\n`,
      'to become something else': `${GOOD.replace('websocket', 'h2c')}\r\n`,
      'without Upgrade': `${GOOD.replace(/Upgrade: websocket\r\n/, '')}\r\n`,
      'without Connection': `${GOOD.replace(/Connection.*\r\n/, '')}\r\n`,
      'with a protocol that was not asked for': `${GOOD}Sec-WebSocket-Protocol: c\r\n\r\n`,
      'with two protocols': `${GOOD}Sec-WebSocket-Protocol: a, b\r\n\r\n`,
      'with an extension that was not asked for': `${GOOD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
      'that is no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
      'with headers without end': `${SWITCHING}X: ${'x'.repeat(100_000)}\r\n\r\n`,
    }
    for (const [how, text] of Object.entries(wrong)) {
      it(`${how}: ERR_HANDSHAKE_MALFORMED`, async () => {
        const server = await answering(text)
        const client = dial(server.port, { protocols: ['a', 'b'] })
        expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_MALFORMED' })
        expect(client.types).to.deep.equal(['connecting', 'close'])
        expect(client.all('close')[0]).to.include({ reason: 'error', code: 1006, error: client.error })
      })
    }

    it('with a protocol where none was asked for', async () => {
      const server = await answering(`${GOOD}Sec-WebSocket-Protocol: a\r\n\r\n`)
      expect(await dial(server.port).over()).to.include({ code: 'ERR_HANDSHAKE_MALFORMED' })
    })
  })

  describe('is refused', () => {
    it('by an answer that is on its error', async () => {
      const server = createServer((_, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Bearer', 'Retry-After': '7' }).end('who are you?')
      })
      later(() => server.close())
      server.listen({ port: 0, host })
      await once(server, 'listening')
      const client = dial((server.address() as AddressInfo).port)
      const error = (await client.over()) as { readonly headers: object }
      expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 401, body: 'who are you?' })
      expect(error.headers).to.include({ 'www-authenticate': 'Bearer', 'retry-after': '7' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('by a redirect, which is not followed', async () => {
      const server = await answering('HTTP/1.1 302 Found\r\nLocation: ws://localhost:1/\r\nContent-Length: 0\r\n\r\n')
      const error = (await dial(server.port).over()) as { readonly headers: object }
      expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 302 })
      expect(error.headers).to.include({ location: 'ws://localhost:1/' })
    })

    it('by 200, and by 426', async () => {
      for (const status of [200, 426]) {
        const server = await answering(
          `HTTP/1.1 ${status} So\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nno`,
        )
        expect(await dial(server.port).over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status, body: 'no' })
      }
    })

    it('with a body of which the first 64 KiB are kept', async () => {
      const server = await answering('HTTP/1.1 500 Oops\r\n\r\n', 'x'.repeat(1024 * 1024))
      const error = (await dial(server.port).over()) as { readonly body: string }
      expect(error.body).to.equal('x'.repeat(64 * 1024))
    })

    it('with a body that does not end, of which there is what came within the deadline', async () => {
      const server = await answering('HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nlater')
      const client = dial(server.port, { handshakeTimeout: 50 })
      expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 503, body: 'later' })
    })

    it('with a body that breaks off', async () => {
      const server = await answering('HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nlater')
      const client = dial(server.port)
      const socket = await server.socket()
      socket.once('data', () => setImmediate(() => socket.end()))
      expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 503, body: 'later' })
    })
  })

  describe('fails', () => {
    it('where nobody is', async () => {
      const server = await rawServer()
      const { port } = server
      await closeAll()
      const client = dial(port)
      expect(await client.over()).to.include({ code: 'ECONNREFUSED' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('where a lookup finds nobody, or throws', async () => {
      const url = 'ws://nobody.example'
      const none = watch(
        webSocket.connect({
          url,
          lookup: (_, __, tell) => tell(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), ''),
        }),
      )
      expect(await none.over()).to.include({ code: 'ENOTFOUND' })
      const thrown = watch(
        webSocket.connect({
          url,
          lookup: () => {
            throw new Error('oops')
          },
        }),
      )
      expect(await thrown.over()).to.include({ code: 'ERR_HANDLER' })
    })

    it('where a lookup, connecting, or the handshake takes too long', async () => {
      const resolving = watch(
        webSocket.connect({ url: 'ws://slow.example', lookup: () => undefined, resolveTimeout: 20 }),
      )
      expect(await resolving.over()).to.include({ code: 'ERR_RESOLVE_TIMEOUT' })
      const connecting = dial(await blackhole(), { connectTimeout: 20 })
      expect(await connecting.over()).to.include({ code: 'ERR_CONNECT_TIMEOUT' })
      const { port } = await rawServer()
      const shaking = dial(port, { handshakeTimeout: 20 })
      expect(await shaking.over()).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
      const securing = watch(webSocket.connect({ url: `wss://${host}:${port}`, handshakeTimeout: 20 }))
      expect(await securing.over()).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
      for (const { events } of [resolving, connecting, shaking, securing]) {
        expect(events.at(-1)).to.include({ type: 'close', reason: 'timeout' })
      }
    })

    it('where the answer comes byte by byte, and too late', async () => {
      const server = await rawServer()
      const client = dial(server.port, { handshakeTimeout: 50 })
      const socket = await server.socket()
      const dripping = setInterval(() => socket.write(' '), 5)
      later(() => {
        clearInterval(dripping)
      })
      socket.write('HTTP/1.1 101')
      expect(await client.over()).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
    })

    for (const [how, leave] of [
      ['ends', 'end'],
      ['resets', 'resetAndDestroy'],
    ] as const) {
      it(`where the server ${how} in place of an answer`, async () => {
        const server = await rawServer(socket => socket.once('data', () => socket[leave]()))
        const client = dial(server.port)
        const error = (await client.over()) as NodeJS.ErrnoException
        expect(error.code).to.equal(leave === 'end' ? 'ERR_HANDSHAKE_ENDED' : 'ECONNRESET')
      })
    }
  })

  describe('over TLS', () => {
    async function secured(options: object = {}): Promise<number> {
      const server = new WebSocketServer({ noServer: true })
      const https = createSecure({ ...certificate, ...options })
      const http = createServer().on('upgrade', (request, socket, head) => {
        server.handleUpgrade(request, socket, head, peer => {
          peer.send('hello')
        })
      })
      https.on('secureConnection', socket => http.emit('connection', socket))
      https.on('tlsClientError', () => undefined)
      later(() => {
        https.close()
        for (const peer of server.clients) peer.terminate()
      })
      https.listen({ port: 0, host })
      await once(https, 'listening')
      return (https.address() as AddressInfo).port
    }

    it('opens when both handshakes are done, and says what was settled', async () => {
      const client = watch(webSocket.connect({ url: `wss://localhost:${await secured()}`, tls: { ca } }))
      const { connection } = await client.next('packet')
      expect(connection.tls).to.include({ serverName: 'localhost', authorized: true })
      expect(connection.tls?.peer?.fingerprint256).to.equal(fingerprint(certificate))
    })

    it('speaks HTTP/1.1 where the server could speak more', async () => {
      const port = await secured({ ALPNProtocols: ['h2', 'http/1.1'] })
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
      expect((await client.next('open')).connection.tls?.alpn).to.equal('http/1.1')
    })

    it('trusts nobody whom it has no reason to trust', async () => {
      const port = await secured(stranger)
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
      expect(await client.over()).to.include({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      const trusting = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { rejectUnauthorized: false } }))
      await trusting.next('packet')
    })

    it('shows its own certificate', async () => {
      const port = await secured({ requestCert: true, ca })
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca, ...ada } }))
      await client.next('packet')
      const unknown = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
      await unknown.over()
      expect(unknown.ended).to.equal('error')
    })

    it('fails at once with credentials that are no good', async () => {
      const client = watch(webSocket.connect({ url: 'wss://localhost:1', tls: { cert: 'no certificate' } }))
      await client.over()
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('fails where the server speaks no TLS', async () => {
      const server = await rawServer(socket => socket.once('data', () => socket.write('HTTP/1.1 400 Bad\r\n\r\n')))
      const client = watch(webSocket.connect({ url: `wss://${host}:${server.port}` }))
      expect(((await client.over()) as NodeJS.ErrnoException).code).to.match(/^ERR_SSL_/)
    })
  })

  it('goes to an address of either family', () => {
    for (const [url, address] of [
      ['ws://[::1]:9', '::1'],
      ['ws://127.0.0.1:9', '127.0.0.1'],
    ] as const) {
      const looked: string[] = []
      const lookup = (name: string): void => void looked.push(name)
      const client = watch(webSocket.connect({ url, lookup }))
      const [connecting] = client.all('connecting')
      expect(connecting?.connection.remote).to.include({ address, port: 9 })
      expect(looked).to.deep.equal([])
      client.unsubscribe()
    }
  })

  describe('by an agent', () => {
    async function served(): Promise<number> {
      const server = watch(webSocket.listen({ host, port: 0 }), event => {
        if (event.type === 'packet') event.connection.send(event.packet)
      })
      return (await server.next('listening')).listener.endpoint.port ?? 0
    }

    it('goes as the agent goes', async () => {
      const agent = new Agent()
      const client = dial(await served(), { agent })
      const { connection } = await client.next('open')
      connection.send('hello')
      await client.next('packet')
      expect(connection.local).to.include({ address: host })
      connection.close()
      await client.over()
      expect(agent.sockets).to.deep.equal({})
    })

    it('may stay half-open, whatever its sockets are made for', async () => {
      const server = await rawSocketServer()
      const client = watch(webSocket.connect({ url: server.url, agent: new Agent(), halfOpen: true }))
      const peer = await server.accept()
      const { connection } = await client.next('open')
      peer.sends(close(1000)).socket.end()
      await client.next('end')
      await turns(5)
      connection.send('late')
      connection.close()
      expect(await peer.over()).to.deep.equal(['text late', 'close 1000'])
    })

    it('goes through a proxy', async () => {
      const proxy = await connectProxy()
      const port = await served()
      const client = dial(port, { agent: new ProxyAgent(proxy.port, false) })
      const { connection } = await client.next('open')
      connection.send('hello')
      expect((await client.next('packet')).packet).to.equal('hello')
      expect(proxy.asked).to.deep.equal([`${host}:${port}`])
    })

    it('goes through a proxy to a secure server', async () => {
      const proxy = await connectProxy()
      const server = watch(webSocket.listen({ host, port: 0, tls: certificate }))
      const { listener } = await server.next('listening')
      const url = `wss://localhost:${listener.endpoint.port}`
      const client = watch(webSocket.connect({ url, agent: new ProxyAgent(proxy.port, true), tls: { ca } }))
      const { connection } = await client.next('open')
      expect(connection.tls).to.include({ authorized: true })
      connection.send('hello')
      expect((await server.next('packet')).packet).to.equal('hello')
    })

    it('gives up one that has no socket in time', async () => {
      const { port } = await rawServer()
      const client = dial(1, { agent: new ProxyAgent(port, false), connectTimeout: 20 })
      expect(await client.over()).to.include({ code: 'ERR_CONNECT_TIMEOUT' })
    })

    it('is given up by who leaves before it has a socket, which is closed when it comes', async () => {
      let give: (socket: Socket) => void = () => undefined
      const agent = new Agent()
      agent.createConnection = (_, told) => {
        give = socket => told?.(null, socket)
        return undefined
      }
      const client = dial(1, { agent })
      client.unsubscribe()
      const socket = connect((await rawServer()).port, host)
      await once(socket, 'connect')
      give(socket)
      await once(socket, 'close')
    })

    it('fails as the agent fails', async () => {
      const client = dial(1, { agent: new ProxyAgent(1, false) })
      expect(await client.over()).to.include({ code: 'ECONNREFUSED' })
    })
  })

  describe('leaves nothing, unsubscribed', () => {
    const servers: Readonly<Record<string, () => Promise<{ readonly port: number }>>> = {
      'while nobody answers the dial': async () => ({ port: await blackhole() }),
      'while the handshake waits': () => rawServer(socket => socket.resume(), { allowHalfOpen: false }),
      'while a refusal is read': () => answering('HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nlater'),
      'when it is open': () => answering(`${GOOD}\r\n`),
    }
    for (const [when, start] of Object.entries(servers)) {
      for (const scheme of ['ws', 'wss']) {
        it(`${when}, over ${scheme}`, async () => {
          const { port } = await start()
          const before = await resourcesAtRest()
          const client = watch(webSocket.connect({ url: `${scheme}://${host}:${port}`, closeTimeout: 20 }))
          await new Promise(resolve => setTimeout(resolve, 20))
          client.unsubscribe()
          await eventually(() => isDeepStrictEqual(resources(), before))
        })
      }
    }

    it('while a secure server does not answer', async () => {
      const server = createSecure({ ...certificate, allowHalfOpen: false }, socket => {
        socket.on('error', () => undefined).resume()
      })
      later(() => server.close())
      server.listen({ port: 0, host })
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const before = await resourcesAtRest()
      const client = watch(webSocket.connect({ url: `wss://${host}:${port}`, tls: { ca } }))
      await once(server, 'secureConnection')
      await new Promise(resolve => setTimeout(resolve, 20))
      client.unsubscribe()
      await eventually(() => isDeepStrictEqual(resources(), before))
    })

    for (const type of ['connecting', 'open', 'packet', 'end'] as const) {
      it(`inside of ${type}`, async () => {
        const server = new WebSocketServer({ port: 0, host })
        later(() => {
          server.close()
        })
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        server.on('connection', peer => {
          peer.send('hello')
          if (type === 'end') peer.close()
        })
        const before = await resourcesAtRest()
        const client = watch(
          webSocket.connect(`ws://${host}:${port}`).pipe(takeWhile(told => told.type !== type, true)),
        )
        await client.over()
        expect(client.types.at(-1)).to.equal(type)
        for (const peer of server.clients) await once(peer, 'close')
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  })

  for (const [how, target] of Object.entries({
    'by a socket of its own': () => ({}),
    'by an agent': () => ({ agent: new Agent() }),
  })) {
    it(`forgets what it has asked ${how}, once it is open`, async () => {
      const asked: WeakRef<object>[] = []
      const hear = (message: unknown): void => {
        asked.push(new WeakRef((message as { readonly request: object }).request))
      }
      subscribe('http.client.request.start', hear)
      later(() => unsubscribe('http.client.request.start', hear))
      const server = watch(webSocket.listen({ host, port: 0 }))
      const { listener } = await server.next('listening')
      const client = dial(listener.endpoint.port ?? 0, target())
      await client.next('open')
      expect(asked).to.have.length(1)
      for (const request of asked) await forgotten(request)
      expect(client.types).to.deep.equal(['connecting', 'open'])
    })
  }

  it('says 1000 when it is unsubscribed, behind all that was sent', async () => {
    const server = new WebSocketServer({ port: 0, host })
    later(() => {
      server.close()
    })
    await once(server, 'listening')
    const told = new Promise<unknown[]>(resolve => {
      server.on('connection', peer => {
        const heard: unknown[] = []
        peer.on('message', message => heard.push((message as Buffer).toString()))
        peer.on('close', code => {
          resolve([...heard, code])
        })
      })
    })
    const client = dial((server.address() as AddressInfo).port)
    const { connection } = await client.next('open')
    connection.send('last words')
    client.unsubscribe()
    expect(await told).to.deep.equal(['last words', 1000])
  })
})
