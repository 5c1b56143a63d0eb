import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { EMPTY, NEVER, Observable, Subject, map, of, throwError, timer } from 'rxjs'
import { webSocket, type Negotiation, type WebSocketListenOptions } from 'sluice/websocket'
import { closeAll } from '../../../support/net/closing.js'
import { eventually } from '../../../support/net/resources.js'
import { watch } from '../../../support/net/watch.js'
import { ask, requestText, say, upgradeHeaders } from '../../../support/websocket/http.js'

const host = '127.0.0.1'

async function served<Context>(
  negotiate: WebSocketListenOptions<Context>['negotiate'],
  options: WebSocketListenOptions = {},
) {
  const own = options as WebSocketListenOptions<Context>
  const server = watch(
    webSocket.listen<Context, boolean>({ host, port: 0, ...own, ...(negotiate !== undefined && { negotiate }) }),
  )
  const { listener } = await server.next('listening')
  return { server, listener, port: listener.endpoint.port ?? 0 }
}

describe('negotiate', () => {
  afterEach(closeAll)

  const ways: Readonly<
    Record<string, (request: IncomingMessage) => ReturnType<NonNullable<WebSocketListenOptions<string>['negotiate']>>>
  > = {
    'at once': ({ url = '' }) => ({ accept: true, context: url }),
    'by a promise': ({ url = '' }) => Promise.resolve({ accept: true, context: url }),
    'by an Observable': ({ url = '' }) => timer(5).pipe(map(() => ({ accept: true, context: url }))),
    'by an Observable that answers at once': ({ url = '' }) => of({ accept: true, context: url }),
    'by an Observable that goes on': ({ url = '' }) =>
      new Observable(told => told.next({ accept: true, context: url })),
  }
  for (const [how, negotiate] of Object.entries(ways)) {
    it(`may let in ${how}, and say what the connection's context is`, async () => {
      const { server, port } = await served(negotiate)
      const peer = await (await ask(port, {}, 'GET /ada HTTP/1.1')).answered()
      expect(peer.status).to.equal(101)
      const { connection } = await server.next('open')
      expect(connection.context).to.equal('/ada')
    })
  }

  it('may refuse, by a whole answer', async () => {
    const { server, port, listener } = await served(() => ({
      accept: false,
      status: 401,
      headers: { 'WWW-Authenticate': 'Basic', 'Content-Type': 'application/json', 'Set-Cookie': ['a=1', 'b=2'] },
      body: '{"who":"are you?"}',
    }))
    const client = watch(webSocket.connect(`ws://${host}:${port}`))
    const error = (await client.over()) as { headers: object }
    expect(error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 401, body: '{"who":"are you?"}' })
    expect(error.headers).to.include({ 'www-authenticate': 'Basic', 'content-type': 'application/json' })
    expect(error.headers).to.deep.include({ 'set-cookie': ['a=1', 'b=2'] })
    const close = await server.next('close')
    expect(close.error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 401 })
    expect(listener.failures).to.equal(0)
  })

  it('may say of what kind its answer is, in whatever case', async () => {
    const { port } = await served(() => ({
      accept: false,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    }))
    const peer = await (await ask(port)).closed()
    expect(peer.text.match(/^content-type: .*$/gim)).to.deep.equal(['content-type: application/json'])
  })

  it('refuses with 403 where it does not say how', async () => {
    const { port } = await served(() => ({ accept: false }))
    const peer = await (await ask(port)).closed()
    expect([peer.status, peer.body]).to.deep.equal([403, ''])
  })

  it('may agree upon a protocol, and say more in its answer', async () => {
    const { server, port } = await served(
      () => ({ accept: true, protocol: 'b', headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Served-By': 'one' } }),
      { protocols: ['a', 'b'] },
    )
    const peer = await (await ask(port, { 'Sec-WebSocket-Protocol': 'a, b' })).answered()
    expect(peer.header('Sec-WebSocket-Protocol')).to.equal('b')
    expect(peer.header('X-Served-By')).to.equal('one')
    expect(peer.text).to.match(/Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/)
    expect((await server.next('open')).connection.protocol).to.equal('b')
  })

  it('may give one connection limits of its own', async () => {
    const { server, port } = await served(
      ({ url }) => (url === '/small' ? { accept: true, options: { maxPayload: 10 } } : { accept: true }),
      { maxPayload: 100 },
    )
    const [small, large] = ['small', 'large'].map(path => watch(webSocket.connect(`ws://${host}:${port}/${path}`)))
    for (const client of [small, large]) (await client?.next('open'))?.connection.send('more than ten')
    await server.next('packet')
    const close = await server.next('close')
    expect(close.error).to.include({ code: 'ERR_MESSAGE_TOO_LONG' })
    await small?.next('close')
    expect(small?.all('close')[0]?.code).to.equal(1009)
    expect(large?.ended).to.equal(undefined)
  })

  const faults: Readonly<Record<string, NonNullable<WebSocketListenOptions['negotiate']>>> = {
    throws: () => {
      throw new Error('oops')
    },
    'answers nothing': () => undefined as unknown as Negotiation,
    'answers what is no answer': () => 7 as unknown as Negotiation,
    'refuses with what is no refusal': () => ({ accept: false, status: 200 }),
    'accepts with what is no option': () => ({ accept: true, options: { maxPayload: -1 } }),
    'accepts with a header that can not be sent': () => ({ accept: true, headers: { 'X-A': 'a\r\nb' } }),
    'accepts with a header that is a number': () => ({ accept: true, headers: { 'X-A': 5 } }) as unknown as Negotiation,
    'refuses with a header that is a number': () =>
      ({ accept: false, status: 429, headers: { 'Retry-After': 5 } }) as unknown as Negotiation,
    'says by a promise of its own whether it accepts': () =>
      ({ accept: Promise.resolve(false) }) as unknown as Negotiation,
    'accepts with a protocol that was not offered': () => ({ accept: true, protocol: 'c' }),
    'answers with a promise that is rejected': () => Promise.reject(new Error('oops')),
    'answers with an Observable that errors': () => throwError(() => new Error('oops')),
    'answers with an Observable that is empty': () => EMPTY,
    'answers later, with what is no answer': () => timer(5).pipe(map(() => undefined as unknown as Negotiation)),
  }
  for (const [what, negotiate] of Object.entries(faults)) {
    it(`is a 500 to one client, and a failure that is counted, where it ${what}`, async () => {
      let calls = 0
      const { server, listener, port } = await served(request =>
        (calls += 1) === 1 ? negotiate(request) : { accept: true },
      )
      const peer = await (await ask(port, { 'Sec-WebSocket-Protocol': 'a' })).closed()
      expect(peer.status).to.equal(500)
      expect(listener.failures).to.equal(1)
      expect(listener.lastFailure).to.include({ code: 'ERR_HANDLER' })
      const close = await server.next('close')
      expect(close.error).to.include({ code: 'ERR_HANDSHAKE_REFUSED', status: 500, cause: listener.lastFailure })
      expect((await (await ask(port)).answered()).status).to.equal(101)
    })
  }

  it('is given so much time, and then it is 503', async () => {
    let asked = 0
    let left = 0
    const { port } = await served(
      () =>
        new Observable<Negotiation>(() => {
          asked += 1
          return () => (left += 1)
        }),
      { negotiateTimeout: 20 },
    )
    const peer = await (await ask(port)).closed()
    expect([peer.status, asked, left]).to.deep.equal([503, 1, 1])
  })

  it('is asked about so many at once, and then it is 503', async () => {
    const decisions: Subject<Negotiation>[] = []
    const { server, port } = await served(
      () => {
        const decision = new Subject<Negotiation>()
        decisions.push(decision)
        return decision
      },
      { maxNegotiations: 2 },
    )
    const waiting = [await ask(port), await ask(port)]
    await eventually(() => decisions.length === 2)
    expect((await (await ask(port)).closed()).status).to.equal(503)
    for (const decision of decisions) decision.next({ accept: true })
    for (const peer of waiting) expect((await peer.answered()).status).to.equal(101)
    await server.next('open', 2)
    const next = await ask(port)
    await eventually(() => decisions.length === 3)
    decisions[2]?.next({ accept: false, status: 404 })
    expect((await next.closed()).status).to.equal(404)
  })

  for (const [how, leave] of [
    ['ends', 'end'],
    ['resets', 'resetAndDestroy'],
  ] as const) {
    it(`is unsubscribed when the client ${how} meanwhile`, async () => {
      let left = false
      const { server, port } = await served(
        () =>
          new Observable<Negotiation>(() => () => {
            left = true
          }),
      )
      const peer = await ask(port)
      await eventually(() => server.ended === undefined && peer.socket.bytesWritten > 0)
      peer.socket[leave]()
      const { reason } = await server.next('close')
      expect([left, reason]).to.deep.equal([true, 'error'])
      expect(server.story).to.deep.equal(['listening', 'close'])
    })
  }

  it('is unsubscribed when the listening stream is, and the client sees its connection end', async () => {
    let left = 0
    const asked = new Subject<void>()
    const { server, port } = await served(() => {
      asked.next()
      return new Observable<Negotiation>(() => () => (left += 1))
    })
    const heard = new Promise<void>(resolve => asked.subscribe(resolve))
    const peer = await ask(port)
    await heard
    server.unsubscribe()
    await peer.closed()
    expect([left, peer.text]).to.deep.equal([1, ''])
  })

  for (const how of ['at once', 'by a promise'] as const) {
    it(`leaves the connection to itself once it has answered ${how}`, async () => {
      const { server, port } = await served(() =>
        how === 'at once' ? { accept: true } : Promise.resolve({ accept: true }),
      )
      const client = watch(webSocket.connect(`ws://${host}:${port}`))
      const { connection } = await client.next('open')
      for (let sent = 0; sent < 4; sent += 1) connection.send('x'.repeat(50_000))
      await server.next('packet', 4)
      connection.close()
      const { code, reason } = await server.next('close')
      expect([code, reason]).to.deep.equal([1000, 'remote'])
    })
  }

  it('loses nothing that the client says too early', async () => {
    const { server, port } = await served(() => timer(20).pipe(map(() => ({ accept: true }) as const)))
    const frame = (text: string) =>
      Buffer.concat([Buffer.from([0x81, 0x80 + text.length, 0, 0, 0, 0]), Buffer.from(text)])
    const peer = await say({ port }, requestText(upgradeHeaders))
    peer.socket.write(frame('one'))
    await new Promise(resolve => setImmediate(resolve))
    peer.socket.write(frame('two'))
    await server.next('packet', 2)
    expect(server.packets).to.deep.equal(['one', 'two'])
  })

  it('is not asked about what is no upgrade, or a foreign one', async () => {
    let asked = 0
    const { port } = await served(() => {
      asked += 1
      return { accept: true }
    })
    await (await ask(port, { 'Sec-WebSocket-Key': undefined })).closed()
    await (await ask(port, { Origin: 'https://evil.example' })).closed()
    expect(asked).to.equal(0)
  })

  it('completes the stream only when those under negotiation are through', async () => {
    const decision = new Subject<Negotiation>()
    const { server, listener, port } = await served(() => decision)
    const peer = await ask(port)
    await eventually(() => decision.observed)
    listener.close()
    expect(server.ended).to.equal(undefined)
    decision.next({ accept: true })
    expect((await peer.answered()).status).to.equal(101)
    await server.next('open')
    peer.socket.destroy()
    await server.over()
    expect(server.ended).to.equal('complete')
  })

  it('may take for ever, where nobody minds', async () => {
    const { server, port } = await served(() => NEVER, { negotiateTimeout: Infinity })
    const peer = await ask(port)
    peer.socket.destroy()
    await once(peer.socket, 'close')
    await server.next('close')
  })
})
