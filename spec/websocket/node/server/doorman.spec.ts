import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { webSocket, type WebSocketListenOptions } from 'sluice/websocket'
import { closeAll } from '../../../support/net/closing.js'
import { resourcesAtRest, resourcesLeft } from '../../../support/net/resources.js'
import { watch } from '../../../support/net/watch.js'
import { ask, say } from '../../../support/websocket/http.js'

const host = '127.0.0.1'

async function served(options: WebSocketListenOptions = {}) {
  const server = watch(webSocket.listen({ host, port: 0, ...options }))
  const { listener } = await server.next('listening')
  return { server, port: listener.endpoint.port ?? 0 }
}

const curled = spawnSync('curl', ['--version']).status === 0

type Asked = Parameters<typeof ask>[1]

describe('A server, asked for a WebSocket', () => {
  afterEach(closeAll)

  it('answers as RFC 6455 section 1.3 has it', async () => {
    const { server, port } = await served()
    const peer = await (await ask(port)).answered()
    expect(peer.text.split('\r\n')).to.have.members([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      '',
      '',
    ])
    await server.next('open')
  })

  const good: Readonly<Record<string, [headers: Asked, line?: string]>> = {
    'in whatever case it writes': [{ Connection: 'upgrade', Upgrade: 'WebSocket' }],
    'among other things that it wants of the connection': [{ Connection: 'keep-alive, Upgrade' }],
    'among other things that it could speak': [{ Upgrade: 'h2c, websocket' }],
    'at any path': [{}, 'GET /any/path?with=a&query HTTP/1.1'],
    'by a whole URL': [{}, 'GET http://localhost/any HTTP/1.1'],
  }
  for (const [how, [headers, line]] of Object.entries(good)) {
    it(`lets in who asks for it ${how}`, async () => {
      const { port } = await served()
      expect((await (await ask(port, headers, line)).answered()).status).to.equal(101)
    })
  }

  const bad: Readonly<
    Record<string, [headers: Asked, status: number, says?: Readonly<Record<string, string>>, line?: string]>
  > = {
    'with POST': [{}, 405, { Allow: 'GET' }, 'POST / HTTP/1.1'],
    'with CONNECT': [{}, 405, { Allow: 'GET' }, 'CONNECT localhost:80 HTTP/1.1'],
    'by HTTP/1.0': [{}, 400, {}, 'GET / HTTP/1.0'],
    'without Host': [{ Host: undefined }, 400],
    'with an empty Host': [{ Host: '' }, 400],
    'without Upgrade': [{ Upgrade: undefined }, 426, { Upgrade: 'websocket' }],
    'for something else': [{ Upgrade: 'h2c' }, 426, { Upgrade: 'websocket' }],
    'without Connection: Upgrade': [{ Connection: 'keep-alive' }, 426, { Upgrade: 'websocket' }],
    'without a version': [{ 'Sec-WebSocket-Version': undefined }, 426, { 'Sec-WebSocket-Version': '13' }],
    'of another version': [{ 'Sec-WebSocket-Version': '8' }, 426, { 'Sec-WebSocket-Version': '13' }],
    'without a key': [{ 'Sec-WebSocket-Key': undefined }, 400],
    'with a key that is too short': [{ 'Sec-WebSocket-Key': 'dG9vIHNob3J0' }, 400],
    'with a key that is no base64': [{ 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }, 400],
    'with two keys': [{ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'AAAAAAAAAAAAAAAAAAAAAA=='] }, 400],
  }
  for (const [how, [headers, status, says = {}, line]] of Object.entries(bad)) {
    it(`refuses who asks for it ${how}, in words`, async () => {
      const { server, port } = await served()
      const peer = await (await ask(port, headers, line)).closed()
      expect(peer.status).to.equal(status)
      for (const [name, value] of Object.entries(says)) expect(peer.header(name)).to.equal(value)
      // RFC 9110 section 7.8: an Upgrade is named by Connection.
      expect(peer.header('Connection')).to.equal(says['Upgrade'] === undefined ? 'close' : 'close, upgrade')
      expect(peer.header('Content-Type')).to.match(/^text\/plain/)
      expect(peer.header('Content-Length')).to.equal(String(peer.body.length))
      const { error } = await server.next('close')
      expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status })
      expect(server.story).to.deep.equal(['listening', 'close'])
    })
  }

  it('refuses what is no HTTP, and headers without end', async () => {
    const { server, port } = await served()
    for (const [text, status] of [
      ['hello\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, 431],
    ] as const) {
      const peer = await (await say({ port }, text)).closed()
      expect(peer.status).to.equal(status)
    }
    expect(server.ended).to.equal(undefined)
  })

  it('is understood by curl', async function () {
    if (!curled && process.env['CI'] !== 'true') this.skip()
    const { port } = await served({ origins: ['https://example.org'] })
    const curl = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)('curl', [
        '-si',
        '--max-time',
        '5',
        ...args,
        `http://${host}:${port}/`,
      ])
      return stdout
    }
    expect(await curl()).to.match(/^HTTP\/1.1 426 [^]*a WebSocket is all there is here\n$/)
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const headers = [...upgrade, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Origin: https://evil.example']
    const foreign = await curl(...headers.flatMap(header => ['-H', header]))
    expect(foreign).to.match(/^HTTP\/1.1 403 [^]*this origin may not connect\n$/)
  })

  describe('by a page of a browser', () => {
    const cases: readonly [
      origins: WebSocketListenOptions['origins'],
      origin: string | readonly string[] | undefined,
      host: string,
      status: number,
    ][] = [
      [undefined, undefined, 'localhost:4000', 101],
      [undefined, 'http://localhost:4000', 'localhost:4000', 101],
      [undefined, 'https://example.org', 'example.org', 101],
      [undefined, 'https://example.org', 'example.org:443', 101],
      [undefined, 'https://EXAMPLE.org', 'example.ORG', 101],
      [undefined, 'http://localhost:5000', 'localhost:4000', 403],
      [undefined, 'https://evil.example', 'example.org', 403],
      [undefined, 'https://example.org.evil.example', 'example.org', 403],
      [undefined, 'null', 'example.org', 403],
      [undefined, 'file://', 'example.org', 403],
      [undefined, ['https://example.org', 'https://evil.example'], 'example.org', 403],
      ['same', 'https://evil.example', 'example.org', 403],
      ['any', 'https://evil.example', 'example.org', 101],
      [['https://app.example'], 'https://app.example', 'api.example', 101],
      [['https://app.example'], 'https://App.Example', 'api.example', 101],
      [['https://app.example'], 'http://app.example', 'api.example', 403],
      [['https://app.example'], 'https://api.example', 'api.example', 403],
      [['chrome-extension://abcd'], 'chrome-extension://abcd', 'api.example', 101],
      [[], 'https://api.example', 'api.example', 403],
      [[], undefined, 'api.example', 101],
    ]
    for (const [origins, origin, name, status] of cases) {
      const how = status === 101 ? 'lets in' : 'refuses'
      it(`${how} ${String(origin)} at ${name} where ${String(origins ?? 'nothing')} is said`, async () => {
        const { port } = await served(origins === undefined ? {} : { origins })
        const peer = await (await ask(port, { Host: name, Origin: origin })).answered()
        expect(peer.status).to.equal(status)
      })
    }
  })

  describe('of several protocols', () => {
    const cases: readonly [
      ours: readonly string[] | undefined,
      offered: string | undefined,
      agreed: string | undefined,
    ][] = [
      [['b', 'a'], 'a, b', 'b'],
      [['b', 'a'], 'a', 'a'],
      [['b', 'a'], 'c', undefined],
      [['b', 'a'], undefined, undefined],
      [undefined, 'a', undefined],
    ]
    for (const [ours, offered, agreed] of cases) {
      it(`agrees upon ${String(agreed)} where it speaks ${String(ours)} and is offered ${String(offered)}`, async () => {
        const { server, port } = await served(ours === undefined ? {} : { protocols: ours })
        const peer = await (await ask(port, { 'Sec-WebSocket-Protocol': offered })).answered()
        expect([peer.status, peer.header('Sec-WebSocket-Protocol')]).to.deep.equal([101, agreed])
        expect((await server.next('open')).connection.protocol).to.equal(agreed ?? '')
      })
    }
  })

  it('agrees with each upon what that one offers, whoever came before', async () => {
    const { server, port } = await served({ protocols: ['a', 'b'] })
    for (const offered of ['a', 'b', undefined, 'a'])
      await (await ask(port, { 'Sec-WebSocket-Protocol': offered })).answered()
    await server.next('open', 4)
    expect(server.all('open').map(({ connection }) => connection.protocol)).to.deep.equal(['a', 'b', '', 'a'])
  })

  const paths: Readonly<Record<string, number>> = {
    '/chat': 101,
    '/chat?x=y': 101,
    'http://localhost/chat': 101,
    'http://localhost/chat?x=/': 101,
    '/chat/': 404,
    '/Chat': 404,
    '/%63hat': 404,
    '/x/../chat': 404,
    '//localhost/chat': 404,
    '/?/chat': 404,
    'http://localhost': 404,
    'http://localhost?/chat': 404,
  }
  for (const [path, status] of Object.entries(paths)) {
    it(`answers ${status} to who asks for ${path} where /chat is`, async () => {
      const { port } = await served({ pathname: '/chat' })
      expect((await (await ask(port, {}, `GET ${path} HTTP/1.1`)).answered()).status).to.equal(status)
    })
  }

  for (const [who, line, status] of [
    ['is refused', 'GET / HTTP/1.1', 404],
    ['speaks no HTTP', 'GET / GET / GET', 400],
  ] as const) {
    it(`lets who ${who} say all that he has to say, so that he hears why`, async () => {
      const { server, port } = await served({ pathname: '/chat' })
      const peer = await ask(port, {}, line)
      const errors: Error[] = []
      peer.socket.on('error', error => errors.push(error)).write(Buffer.alloc(4 * 1024 * 1024))
      expect((await peer.closed()).status).to.equal(status)
      expect(errors).to.deep.equal([])
      await server.next('close')
    })
  }

  it('is rid after closeTimeout of who was refused and does not read why', async () => {
    const body = 'x'.repeat(32 * 1024 * 1024)
    const { server, port } = await served({ closeTimeout: 50, negotiate: () => ({ accept: false, body }) })
    const peer = await ask(port)
    peer.socket.pause()
    const { reason, error } = await server.next('close')
    expect(reason).to.equal('error')
    expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 403 })
  })

  it('waits no longer for who was refused and has left', async () => {
    const before = await resourcesAtRest()
    const { server, port } = await served()
    await (await ask(port, { Host: undefined })).closed()
    await server.next('close')
    await closeAll()
    expect(await resourcesLeft(before)).to.deep.equal(before)
  })

  it('hurts nobody else by what it refuses', async () => {
    const { server, port } = await served()
    const client = watch(webSocket.connect(`ws://${host}:${port}`))
    await Promise.all([client.next('open'), server.next('open')])
    await (await ask(port, { Host: undefined })).closed()
    await server.next('close')
    const [open] = server.all('open')
    expect(open?.connection.state).to.equal('open')
  })
})
