import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Connection, ConnectionEvent, ConnectionStream } from 'sluice'
import { framed, lines, type Framed } from 'sluice/framing'
import { tcp, tls, upgrade } from 'sluice/net'
import { ca, client, exact, server, type Credentials } from '../support/net/certificates.js'
import { Child } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { directory } from '../support/net/directory.js'
import { eventually } from '../support/net/resources.js'

const host = '127.0.0.1'

type LineEvent = Framed<ConnectionEvent, string, string>

const python = spawnSync('python3', ['-c', 'import ssl']).error === undefined
const title = `TLS with Python's${python ? '' : ' (skipped: there is no python3 here)'}`

interface PeerOptions {
  readonly port?: number
  readonly name?: string
  readonly says?: readonly string[]
  readonly starttls?: boolean
  readonly alpn?: readonly string[]
  /** Whether it trusts the authority of the specs; a server then asks for a certificate. */
  readonly trusts?: boolean
  readonly is?: Credentials
}

/** A peer that is Python's. Its certificates are in files, as is its wont. */
function peer(role: 'client' | 'server', { trusts = false, is, ...options }: PeerOptions): Child {
  const folder = directory()
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const all = {
    ...options,
    ...(trusts && { ca: file('ca.pem', ca) }),
    ...(is !== undefined && { cert: file('cert.pem', is.cert), key: file('key.pem', is.key) }),
  }
  return new Child('python3', ['spec/support/net/foreign/tls_peer.py', role, JSON.stringify(all)])
}

/** A stream of lines, with what it has told. */
function played(stream: ConnectionStream, react: (event: LineEvent) => void = () => undefined) {
  const told: LineEvent[] = []
  let over = false
  const subscription = stream.pipe(framed(lines())).subscribe({
    next(event) {
      told.push(event)
      react(event)
    },
    error: () => (over = true),
    complete: () => (over = true),
  })
  later(() => {
    subscription.unsubscribe()
  })
  return {
    isOver: () => over,
    all: <Type extends LineEvent['type']>(type: Type) =>
      told.filter((event): event is Extract<LineEvent, { readonly type: Type }> => event.type === type),
    types: () => told.map(({ type }) => type),
  }
}

type Played = ReturnType<typeof played>

async function bound(server: Played): Promise<number> {
  await eventually(() => server.all('listening').length > 0)
  return server.all('listening')[0]?.listener.endpoint.port ?? 0
}

const inCapitals = (event: LineEvent): void => {
  if (event.type === 'packet') event.connection.send(event.packet.toUpperCase())
}

/** Sends each of some lines when the one before it has been answered, and then closes. */
function asking(...questions: readonly string[]): (connection: Connection<string>) => void {
  const left = [...questions]
  return connection => {
    const next = left.shift()
    if (next === undefined) connection.close()
    else connection.send(next)
  }
}

describe(title, function () {
  this.timeout(30_000) // A process takes its time to start.
  before(function () {
    if (!python && process.env['CI'] !== 'true') this.skip()
  })
  afterEach(closeAll)

  it('serves a client, which ends in order', async () => {
    const told = played(tls.listen({ host, port: 0, ...server, ALPNProtocols: ['caps'] }), inCapitals)
    const visitor = peer('client', {
      port: await bound(told),
      name: 'localhost',
      says: ['one', 'two'],
      trusts: true,
      alpn: ['other', 'caps'],
    })
    expect(await visitor.says()).to.deep.equal({ protocol: 'TLSv1.3', alpn: 'caps', peer: ['localhost'] })
    expect(await visitor.says()).to.deep.equal({ heard: 'ONE' })
    expect(await visitor.says()).to.deep.equal({ heard: 'TWO' })
    expect(await visitor.says()).to.deep.equal({ ended: 'in order' })
    await eventually(() => told.all('close').length === 1)
    expect(told.all('close')[0]).to.include({ reason: 'remote', bytesUnsent: 0 })
    expect(told.all('open')[0]?.connection.tls).to.include({ alpn: 'caps', serverName: 'localhost' })
  })

  it('asks a server, and ends in order', async () => {
    const service = peer('server', { is: server })
    const { port } = (await service.says()) as { readonly port: number }
    const ask = asking('one', 'two')
    const told = played(tls.connect({ host, port, ca }), event => {
      if (event.type === 'open' || event.type === 'packet') ask(event.connection)
    })
    await service.says()
    expect(await service.says()).to.deep.equal({ ended: 'in order' })
    await eventually(told.isOver)
    expect(told.all('packet').map(({ packet }) => packet)).to.deep.equal(['ONE', 'TWO'])
    expect(told.types()).to.deep.equal(['connecting', 'open', 'packet', 'packet', 'end', 'close'])
    expect(told.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
  })

  it('goes over to TLS when a client asks for it', async () => {
    const told = played(tcp.listen({ host, port: 0 }), event => {
      if (event.type !== 'packet' || event.packet !== 'STARTTLS') {
        inCapitals(event)
        return
      }
      event.connection.send('220 go ahead')
      void upgrade(event.connection, { role: 'server', ...server })
    })
    const visitor = peer('client', {
      port: await bound(told),
      name: 'localhost',
      says: ['secret'],
      trusts: true,
      starttls: true,
    })
    expect(await visitor.says()).to.deep.equal({ clear: '220 go ahead' })
    expect(await visitor.says()).to.include({ protocol: 'TLSv1.3' })
    expect(await visitor.says()).to.deep.equal({ heard: 'SECRET' })
    expect(await visitor.says()).to.deep.equal({ ended: 'in order' })
    await eventually(() => told.all('close').length === 1)
    expect(told.all('close')[0]).to.include({ reason: 'remote' })
    expect(told.all('open')).to.have.length(1)
  })

  it('goes over to TLS at a server that is ready for it', async () => {
    const service = peer('server', { is: server, starttls: true })
    const { port } = (await service.says()) as { readonly port: number }
    const told = played(tcp.connect({ host: 'localhost', port, family: 4 }), event => {
      if (event.type === 'open') event.connection.send('STARTTLS')
      if (event.type !== 'packet') return
      const { connection, packet } = event
      if (packet === 'SECRET') connection.close()
      else {
        void upgrade(connection, { role: 'client', ca })
        connection.send('secret')
      }
    })
    expect(await service.says()).to.deep.equal({ clear: 'STARTTLS' })
    expect(await service.says()).to.include({ protocol: 'TLSv1.3' })
    expect(await service.says()).to.deep.equal({ ended: 'in order' })
    await eventually(told.isOver)
    expect(told.all('packet').map(({ packet }) => packet)).to.deep.equal(['220 go ahead', 'SECRET'])
    expect(told.all('close')[0]?.connection.tls).to.include({ authorized: true, serverName: 'localhost' })
  })

  it('knows a client by its certificate', async () => {
    const told = played(tls.listen({ host, port: 0, ...server, ca, requestCert: true }), inCapitals)
    const visitor = peer('client', { port: await bound(told), name: 'localhost', says: [], trusts: true, is: client })
    expect(await visitor.says()).to.include({ protocol: 'TLSv1.3' })
    await eventually(() => told.all('open').length === 1)
    expect(told.all('open')[0]?.connection.tls?.peer?.subject).to.deep.equal({ CN: 'Ada' })
  })

  it('is known by its certificate', async () => {
    const service = peer('server', { is: server, trusts: true })
    const { port } = (await service.says()) as { readonly port: number }
    played(tls.connect({ host, port, ca, ...client }))
    expect(await service.says()).to.deep.equal({ protocol: 'TLSv1.3', alpn: null, peer: ['Ada'] })
  })

  it('is told by a client that does not trust it', async () => {
    const told = played(tls.listen({ host, port: 0, ...server }))
    const visitor = peer('client', { port: await bound(told), name: 'localhost', says: [] })
    expect(await visitor.says()).to.deep.equal({ error: 'CERTIFICATE_VERIFY_FAILED' })
    await eventually(() => told.all('close').length === 1)
    expect(told.all('close')[0]?.error).to.include({ code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' })
    expect(told.types()).to.deep.equal(['listening', 'close'])
  })

  it('is told by a server that wants a certificate', async () => {
    const service = peer('server', { is: server, trusts: true })
    const { port } = (await service.says()) as { readonly port: number }
    const told = played(tls.connect({ host, port, ca }))
    expect(await service.says()).to.deep.equal({ error: 'PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    await eventually(told.isOver)
    expect(told.all('close')[0]?.error).to.include({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
  })

  it('tells a client that speaks another protocol', async () => {
    const told = played(tls.listen({ host, port: 0, ...server, ALPNProtocols: ['a'] }))
    const visitor = peer('client', { port: await bound(told), name: 'localhost', says: [], trusts: true, alpn: ['b'] })
    expect((await visitor.says())['error']).to.match(/alert no application protocol/)
  })

  it('shows a client the certificate of the name that it asks for', async () => {
    const told = played(tls.listen({ host, port: 0, ...server, sni: { 'exact.example.org': exact } }))
    const visitor = peer('client', { port: await bound(told), name: 'exact.example.org', says: [], trusts: true })
    expect(await visitor.says()).to.deep.include({ peer: ['exact.example.org'] })
  })
})
