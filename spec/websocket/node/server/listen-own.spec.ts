import { once } from 'node:events'
import { connect } from 'node:tls'
import { expect } from 'chai'
import { Subject, takeWhile, tap } from 'rxjs'
import type { ServerCredentials } from 'sluice/net'
import { webSocket, type WebSocketPlace } from 'sluice/websocket'
import { WebSocket } from 'ws'
import {
  ca,
  client as ada,
  fingerprint,
  renewedServer,
  server as certificate,
} from '../../../support/net/certificates.js'
import { closeAll, later } from '../../../support/net/closing.js'
import { freshPath } from '../../../support/net/directory.js'
import { eventually, resourcesAtRest, resourcesLeft } from '../../../support/net/resources.js'
import { watch } from '../../../support/net/watch.js'
import { ask, requestText, say, upgradeHeaders } from '../../../support/websocket/http.js'

const host = '127.0.0.1'

async function served(place: Partial<WebSocketPlace> = {}) {
  const server = watch(webSocket.listen({ host, port: 0, ...place }))
  const { listener } = await server.next('listening')
  return { server, listener, port: listener.endpoint.port ?? 0 }
}

function dial(port: number) {
  return watch(webSocket.connect(`ws://${host}:${port}`))
}

describe('webSocket.listen on a port of its own', () => {
  afterEach(closeAll)

  it('knows both ends of a connection', async () => {
    const { server, port } = await served()
    const [{ connection: here }, { connection: there }] = await Promise.all([
      dial(port).next('open'),
      server.next('open'),
    ])
    expect(there.local).to.deep.equal({ address: host, port, family: 'IPv4' })
    expect(there.remote).to.deep.equal(here.local)
    expect([there.context, there.tls]).to.deep.equal([undefined, undefined])
  })

  it('listens on a path, too', async () => {
    const path = freshPath()
    const server = watch(webSocket.listen({ path }))
    await server.next('listening')
    const client = watch(webSocket.connect({ url: 'ws://localhost', path }))
    const [{ connection: here }, { connection: there }] = await Promise.all([client.next('open'), server.next('open')])
    expect([here.remote, there.remote, there.local]).to.deep.equal([
      { address: path },
      { address: path },
      { address: path },
    ])
  })

  it('errors if it can not be bound', async () => {
    const { port } = await served()
    const second = watch(webSocket.listen({ host, port }))
    expect(await second.over()).to.include({ code: 'EADDRINUSE' })
  })

  it('takes the first message in the same segment as the request', async () => {
    const { server, port } = await served()
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
    const peer = await say({ port }, '')
    peer.socket.write(Buffer.concat([Buffer.from(requestText(upgradeHeaders)), frame]))
    expect((await server.next('packet')).packet).to.equal('hi')
  })

  it('gives up who has not asked for an upgrade in time, and nobody else', async () => {
    const { server, port } = await served({ handshakeTimeout: 30 })
    const quiet = await say({ port }, '')
    const halting = await say({ port }, 'GET / HTTP/1.1\r\nHost: local')
    const open = dial(port)
    await open.next('open')
    await server.next('close', 2)
    for (const { error, reason } of server.all('close')) {
      expect(reason).to.equal('timeout')
      expect(error).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
    }
    await Promise.all([quiet.closed(), halting.closed()])
    expect(open.ended).to.equal(undefined)
  })

  it('lets in nobody behind an answer that was no upgrade', async () => {
    const { server, port } = await served()
    const peer = await (await say({ port }, requestText({ Host: 'localhost' }) + requestText(upgradeHeaders))).closed()
    expect(peer.text.match(/^HTTP.*$/gm)).to.deep.equal(['HTTP/1.1 426 Upgrade Required'])
    expect((await server.next('close')).error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 426 })
    expect(server.story).to.deep.equal(['listening', 'close'])
  })

  it('tells of those who leave before they are let in', async () => {
    const { server, port } = await served()
    const peer = await say({ port }, '')
    peer.socket.destroy()
    const { error, connection } = await server.next('close')
    expect(error).to.include({ code: 'ERR_HANDSHAKE_ENDED' })
    expect(connection.remote).to.include({ address: host })
    expect(server.story).to.deep.equal(['listening', 'close'])
  })

  it('holds connections unread while it is paused, as many as its backlog has room for', async () => {
    const { server, listener, port } = await served({ backlog: 1 })
    listener.pause()
    const held = await ask(port)
    await eventually(() => listener.accepted === 1)
    const refused = await say({ port }, '')
    await refused.closed()
    expect([listener.refused, held.text, server.types]).to.deep.equal([1, '', ['listening']])
    listener.resume()
    expect((await held.answered()).status).to.equal(101)
    await server.next('open')
  })

  it('accepts no more once its listener is closed, and completes with the last connection', async () => {
    const { server, listener, port } = await served()
    const client = dial(port)
    const { connection } = await client.next('open')
    await server.next('open')
    listener.close()
    expect(await dial(port).over()).to.include({ code: 'ECONNREFUSED' })
    expect(server.ended).to.equal(undefined)
    connection.close()
    await server.over()
    expect(server.ended).to.equal('complete')
  })

  it('frees its port and binds it again', async () => {
    const { server, listener, port } = await served()
    listener.suspend()
    expect(await dial(port).over()).to.include({ code: 'ECONNREFUSED' })
    listener.resume()
    await eventually(() => !listener.suspended)
    await dial(port).next('open')
    await server.next('open')
  })

  it('leaves nothing, unsubscribed, whatever state its connections are in', async () => {
    const before = await resourcesAtRest()
    const { server, port } = await served({
      negotiate: ({ url }) => (url === '/wait' ? new Subject() : { accept: true }),
    })
    const client = dial(port)
    const quiet = await say({ port }, '')
    const halting = await say({ port }, 'GET / HTTP/1.1\r\n')
    const waiting = await ask(port, {}, 'GET /wait HTTP/1.1')
    await Promise.all([client.next('open'), server.next('open')])
    server.unsubscribe()
    await Promise.all([client.over(), quiet.closed(), halting.closed(), waiting.closed()])
    expect(client.all('close')[0]).to.include({ reason: 'remote', code: 1000 })
    expect(await resourcesLeft(before)).to.deep.equal(before)
  })

  for (const type of ['listening', 'open', 'packet', 'end', 'close'] as const) {
    it(`leaves nothing, unsubscribed inside of ${type}`, async () => {
      const before = await resourcesAtRest()
      let port = 0
      const seen = webSocket.listen({ host, port: 0 }).pipe(
        tap(event => {
          if (event.type === 'listening') port = event.listener.endpoint.port ?? 0
        }),
      )
      const server = watch(seen.pipe(takeWhile(event => event.type !== type, true)))
      if (type !== 'listening') {
        await server.next('listening')
        const client = dial(port)
        const { connection } = await client.next('open')
        connection.send('hello')
        if (type === 'end' || type === 'close') connection.close()
        await client.over()
      }
      await server.over()
      expect(server.types.at(-1)).to.equal(type)
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  }

  it('says 1000 when it is unsubscribed, to a peer that no one here wrote', async () => {
    const { server, port } = await served()
    const peer = new WebSocket(`ws://${host}:${port}`)
    later(() => {
      peer.terminate()
    })
    await once(peer, 'open')
    const closed = once(peer, 'close')
    server.unsubscribe()
    const [code] = (await closed) as [number]
    expect(code).to.equal(1000)
  })

  it('is seen as 1006 by the peer of a destroy, which it tells why where there is an error', async () => {
    const { server, port } = await served()
    const codes = async (error?: Error): Promise<number | undefined> => {
      const client = dial(port)
      await client.next('open')
      const nth = server.all('open').length
      ;(await server.next('open', Math.max(nth, 1))).connection.destroy(error)
      await client.over()
      return client.all('close')[0]?.code
    }
    expect(await codes()).to.equal(1006)
  })

  describe('over TLS', () => {
    it('opens when both handshakes are done, and knows who is there', async () => {
      const { server, port } = await served({ tls: { ...certificate, ca, requestCert: true } })
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca, ...ada } }))
      const [{ connection: here }, { connection: there }] = await Promise.all([
        client.next('open'),
        server.next('open'),
      ])
      expect(there.tls).to.include({ authorized: true, alpn: 'http/1.1', serverName: 'localhost' })
      expect(there.tls?.peer?.fingerprint256).to.equal(fingerprint(ada))
      expect(here.tls?.peer?.fingerprint256).to.equal(fingerprint(certificate))
      expect(there.remote).to.deep.equal(here.local)
    })

    it('refuses who shows no certificate, where one is asked for', async () => {
      const { server, port } = await served({ tls: { ...certificate, ca, requestCert: true } })
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
      await client.over()
      expect(client.ended).to.equal('error')
      const { error } = await server.next('close')
      expect(error).to.be.an('error')
      expect(server.story).to.deep.equal(['listening', 'close'])
    })

    it('gives up who does not finish either handshake in time', async () => {
      const { server, port } = await served({ tls: certificate, handshakeTimeout: 50 })
      await say({ port }, '')
      const secure = connect({ port, host, ca, servername: 'localhost' }).on('error', () => undefined)
      later(() => secure.destroy())
      await once(secure, 'secureConnect')
      await server.next('close', 2)
      for (const { error } of server.all('close')) expect(error).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
    })

    it('takes no page for one of its own that came without it', async () => {
      const { port } = await served({ tls: certificate })
      const from = (Origin: string) =>
        watch(
          webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca }, headers: { Host: 'example.org', Origin } }),
        )
      expect(await from('http://example.org').over()).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 403 })
      await from('https://example.org').next('open')
    })

    it('is hurt by no garbage', async () => {
      const { server, port } = await served({ tls: certificate })
      const peer = await say({ port }, requestText(upgradeHeaders))
      await peer.closed()
      const { error } = await server.next('close')
      expect((error as NodeJS.ErrnoException).code).to.match(/^ERR_SSL_/)
      const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
      await client.next('open')
    })

    it('may renew its certificate', async () => {
      const renewed = new Subject<ServerCredentials>()
      const { server, listener, port } = await served({ tls: { ...certificate, renewed } })
      const shown = async (): Promise<string | undefined> => {
        const client = watch(webSocket.connect({ url: `wss://localhost:${port}`, tls: { ca } }))
        return (await client.next('open')).connection.tls?.peer?.fingerprint256
      }
      expect(await shown()).to.equal(fingerprint(certificate))
      renewed.next({ cert: 'no certificate' })
      expect(listener.failures).to.equal(1)
      renewed.next(renewedServer)
      expect(await shown()).to.equal(fingerprint(renewedServer))
      server.unsubscribe()
      expect(renewed.observed).to.equal(false)
    })
  })
})
