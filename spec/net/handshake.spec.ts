import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import fc from 'fast-check'
import { tls, type TlsPlace, type TlsTarget } from 'sluice/net'
import { HandshakeRun } from '#src/net/handshake.js'
import { duplexKind } from '#src/net/socket-kind.js'
import { forgotten } from '../support/memory-taken.js'
import { ca, server } from '../support/net/certificates.js'
import { clientHello } from '../support/net/client-hello.js'
import { closeAll, later } from '../support/net/closing.js'
import { listening, overTls, overTlsOnUnix } from '../support/net/pairs.js'
import { drained, gone, rawClient, rawServer, take } from '../support/net/peers.js'
import { eventually, resourcesAtRest, resourcesLeft } from '../support/net/resources.js'
import { type Watch, watch } from '../support/net/watch.js'
import { damaged } from '../support/property.js'

const host = '127.0.0.1'

/** How a peer may leave. */
const partings = ['end', 'destroy', 'resetAndDestroy'] as const satisfies readonly (keyof Socket)[]

/** What a server is told of a peer that leaves: some Nodes take a reset for an end. */
const left = ['ERR_HANDSHAKE_ENDED', 'ECONNRESET']

interface Served {
  readonly server: Watch
  readonly port: number
}

/** An echo server. */
async function serve(place: Partial<TlsPlace> = {}): Promise<Served> {
  const at = { host, port: 0, ...server, ...place } as TlsPlace
  const { server: told, listener } = await listening(tls.listen(at), event => {
    if (event.type === 'packet') event.connection.send(event.packet)
  })
  return { server: told, port: listener.endpoint.port ?? 0 }
}

function dial(port: number, target: Partial<TlsTarget> = {}): Watch {
  return watch(tls.connect({ host, port, ca, ...target }))
}

/** A client that is served as it should be, whatever others do. */
async function visit(port: number): Promise<void> {
  const visitor = dial(port)
  const { connection } = await visitor.next('open')
  connection.send(Buffer.from('hello'))
  await visitor.next('packet')
  connection.close()
  expect(await visitor.over()).to.equal(undefined)
}

/** A raw client that has said something, and, unless the spec does, reads what it is told. */
async function said(port: number, bytes: Uint8Array, reads = true): Promise<Socket> {
  const peer = await rawClient({ port })
  if (reads) peer.once('end', () => peer.destroy()).resume()
  if (bytes.length > 0) peer.write(bytes)
  return peer
}

/** Bytes, damaged in a hundred ways, the same in every run. */
function samples(bytes: Uint8Array): Uint8Array[] {
  return fc.sample(damaged(fc.constant(bytes)), { seed: 1, numRuns: 100 })
}

describe('A handshake', () => {
  afterEach(closeAll)

  describe('at a server', () => {
    it('that stalls at any byte ends its own connection after handshakeTimeout, and no other', async () => {
      const hello = await clientHello()
      const { server, port } = await serve({ handshakeTimeout: 1_000 })
      const peers = await Promise.all(
        Array.from({ length: hello.length + 1 }, (_, length) => said(port, hello.subarray(0, length))),
      )
      await visit(port)
      const resets = (await Promise.all(peers.map(gone))).filter(code => code !== undefined)
      expect(resets).to.deep.equal([])
      await server.next('close', peers.length + 1)
      const codes = server.all('close').map(({ reason, error }) => `${reason} ${String(codeOf(error))}`)
      expect(codes.filter(code => code === 'timeout ERR_HANDSHAKE_TIMEOUT')).to.have.length(peers.length)
      expect(server.all('open')).to.have.length(1)
      await visit(port)
    })

    it('that stalls keeps nobody else waiting, and leaves nothing', async () => {
      const before = await resourcesAtRest()
      const { server, port } = await serve()
      const peers = await Promise.all(Array.from({ length: 50 }, () => said(port, Buffer.from([0x16, 3, 1]))))
      for (let visitors = 0; visitors < 5; visitors += 1) await visit(port)
      server.unsubscribe()
      await Promise.all(peers.map(gone))
      expect(server.all('close')).to.have.length(5)
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })

    for (const garbage of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0',
      '\x16\x03\x01\xff\xff',
      '\x16\x03\x01\0\x05hello',
      'x'.repeat(100_000),
    ]) {
      it(`fails for ${JSON.stringify(garbage.slice(0, 20))}, and harms nobody else`, async () => {
        const { server, port } = await serve({ handshakeTimeout: 1_000 })
        const peer = await said(port, Buffer.from(garbage, 'latin1'))
        await gone(peer)
        const { reason, error } = await server.next('close')
        expect(reason).to.be.oneOf(['error', 'timeout'])
        expect(codeOf(error)).to.match(/^ERR_(SSL_|HANDSHAKE_TIMEOUT)/)
        expect(server.types).to.deep.equal(['listening', 'close'])
        await visit(port)
      })
    }

    it('fails for whatever has become of a ClientHello on its way, and harms nobody else', async () => {
      const { server, port } = await serve({ handshakeTimeout: 1_000 })
      const hellos = samples(await clientHello())
      const peers = await Promise.all(hellos.map(hello => said(port, hello)))
      await Promise.all(peers.map(gone))
      await server.next('close', hellos.length)
      expect(server.all('open')).to.deep.equal([])
      for (const { error } of server.all('close')) expect(codeOf(error)).to.match(/^ERR_(SSL|OSSL|HANDSHAKE)_/)
      await visit(port)
    })

    it('that fails tells the peer why, and ends in order', async () => {
      const { port } = await serve({ minVersion: 'TLSv1.3' })
      const peer = await rawClient({ port })
      peer.write(await clientHello({ maxVersion: 'TLSv1.2' }))
      const protocolVersion = Buffer.from([21, 3, 3, 0, 2, 2, 70])
      expect(await drained(peer)).to.deep.equal(protocolVersion)
      peer.end()
      expect(await gone(peer)).to.equal(undefined)
    })

    for (const parting of partings) {
      it(`has failed when the peer leaves in the middle by ${parting}`, async () => {
        const hello = await clientHello()
        const { server, port } = await serve()
        for (const [index, length] of [0, 5, hello.length].entries()) {
          const peer = await said(port, hello.subarray(0, length))
          if (length === hello.length) await take(peer, 1)
          peer[parting]()
          const { reason, error } = await server.next('close', index + 1)
          expect(reason).to.equal('error')
          expect(codeOf(error), `after ${length} bytes`).to.be.oneOf(
            parting === 'resetAndDestroy' ? left : left.slice(0, 1),
          )
        }
        await visit(port)
      })
    }
  })

  describe('at a client', () => {
    it('fails where the server speaks in clear', async () => {
      const peer = await rawServer(socket => socket.write('220 at your service\r\n'))
      const client = dial(peer.port)
      expect(await client.over())
        .to.have.property('code')
        .that.matches(/^ERR_SSL_/)
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('fails for whatever a server answers that is not meant for it', async () => {
      const { port } = await serve()
      const answer = await said(port, await clientHello(), false)
      const flight = await take(answer, 500)
      const flights = samples(flight)
      const peer = await rawServer(socket => {
        socket.once('data', () => socket.write(flights[peer.sockets.length - 1] ?? flight))
      })
      const clients = flights.map(() => dial(peer.port, { handshakeTimeout: 1_000 }))
      for (const client of clients) {
        expect(codeOf(await client.over())).to.match(/^ERR_(SSL|OSSL|HANDSHAKE)_/)
        expect(client.types).to.deep.equal(['connecting', 'close'])
      }
    })

    it('that stalls ends after handshakeTimeout', async () => {
      const peer = await rawServer(socket => socket.resume())
      const client = dial(peer.port, { handshakeTimeout: 30 })
      const error = await client.over()
      expect(error).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT', message: 'handshake took longer than 30 ms' })
      expect(client.all('close')[0]).to.include({ reason: 'timeout', error })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    for (const parting of partings) {
      it(`has failed when the server leaves in the middle by ${parting}`, async () => {
        const peer = await rawServer(socket => {
          socket.once('data', () => socket[parting]())
        })
        const client = dial(peer.port)
        expect(codeOf(await client.over())).to.equal(
          parting === 'resetAndDestroy' ? 'ECONNRESET' : 'ERR_HANDSHAKE_ENDED',
        )
        expect(client.types).to.deep.equal(['connecting', 'close'])
        expect(client.all('close')[0]).to.include({ reason: 'error' })
      })
    }

    it('fails where Node does not begin it', async () => {
      const { port } = await serve()
      const client = dial(port, { secureContext: {} as never })
      expect(await client.over()).to.include({ code: 'ERR_TLS_INVALID_CONTEXT' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('fails where checkServerIdentity says so', async () => {
      const { port } = await serve()
      const checkServerIdentity = (): Error => Object.assign(new Error('not you'), { code: 'ENOTYOU' })
      expect(await dial(port, { checkServerIdentity }).over()).to.include({ code: 'ENOTYOU' })
    })

    it('fails with an error of whatever else checkServerIdentity answers', async () => {
      const { port } = await serve()
      const client = dial(port, { checkServerIdentity: (() => 'not you') as never })
      expect(await client.over())
        .to.be.instanceOf(Error)
        .and.include({ message: 'not you', cause: 'not you' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('can be given up as the server is being checked', async () => {
      const { server, port } = await serve()
      const before = await resourcesAtRest()
      const client = dial(port, {
        checkServerIdentity() {
          for (const { connection } of client.all('connecting')) connection.destroy()
          return undefined
        },
      })
      expect(await client.over()).to.equal(undefined)
      expect(client.types).to.deep.equal(['connecting', 'close'])
      await server.next('close')
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })

    it('fails where checkServerIdentity throws', async () => {
      const { port } = await serve()
      const cause = new Error('a bug')
      const checkServerIdentity = (): never => {
        throw cause
      }
      const client = dial(port, { checkServerIdentity })
      expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })
  })

  for (const pairing of [overTls, overTlsOnUnix]) {
    describe(`over ${pairing.name}`, () => {
      for (const end of ['close', 'destroy', 'unsubscribe'] as const) {
        it(`that is given up by ${end}() leaves nothing, whenever that is`, async () => {
          const before = await resourcesAtRest()
          const { server, listener } = await listening(pairing.listen())
          for (let turns = 0; turns < 12; turns += 1) {
            const client = watch(pairing.connect(listener.endpoint))
            const { connection } = await client.next('connecting')
            for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve))
            if (end === 'unsubscribe') client.unsubscribe()
            else connection[end]()
            if (end !== 'unsubscribe') {
              expect(await client.over()).to.equal(undefined)
              expect(client.all('close')[0]).to.include({ reason: 'local' })
            }
          }
          server.unsubscribe()
          expect(await resourcesLeft(before)).to.deep.equal(before)
        })
      }

      it('that the server gives up leaves nothing, whenever that is', async () => {
        const before = await resourcesAtRest()
        for (let turns = 0; turns < 12; turns += 1) {
          const { server, listener } = await listening(pairing.listen())
          const client = watch(pairing.connect(listener.endpoint))
          for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve))
          server.unsubscribe()
          await client.over()
        }
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    })
  }

  it('leaves no timer once it is done', async () => {
    const { server, port } = await serve()
    const before = await resourcesAtRest()
    const client = dial(port)
    await Promise.all([client.next('open'), server.next('open')])
    expect((await resourcesAtRest())['Timeout']).to.equal(before['Timeout'])
  })

  it('is done with a client that is not ours', async () => {
    const { server, port } = await serve()
    const peer = nodeClient(port)
    peer.write('hello')
    expect(String(await take(peer, 5))).to.equal('hello')
    peer.end()
    await server.next('close')
    expect(server.types).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
    await eventually(() => peer.closed)
  })
})

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function nodeClient(port: number): TLSSocket {
  const socket = connectTls({ host, port, ca, allowHalfOpen: true } as never)
  later(() => socket.destroy())
  return socket
}

describe('HandshakeRun', () => {
  it('tells its first result, and no other', () => {
    const told: unknown[] = []
    const run = new HandshakeRun(new PassThrough(), duplexKind, result => told.push(result))
    const error = new Error('enough')
    run.fail(error)
    run.fail(new Error('again'))
    expect(told).to.deep.equal([{ error }])
  })

  it('forgets whom it has told, though it may be kept as long as its socket', async () => {
    const begun = (): [HandshakeRun, WeakRef<object>] => {
      const tell = (): void => undefined
      return [new HandshakeRun(new PassThrough(), duplexKind, tell), new WeakRef(tell)]
    }
    const [run, told] = begun()
    run.fail(new Error('enough'))
    await forgotten(told)
    run.fail(new Error('again'))
  })
})
