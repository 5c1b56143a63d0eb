import { connect as connectSocket, type LookupFunction, type Socket } from 'node:net'
import { expect } from 'chai'
import sinon from 'sinon'
import { tcp } from 'sluice/net'
import { blackhole } from '../support/net/blackhole.js'
import { closeAll, later } from '../support/net/closing.js'
import { freshPath } from '../support/net/directory.js'
import { listening, overTcp, overUnix } from '../support/net/pairs.js'
import { rawServer } from '../support/net/peers.js'
import { resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { watch } from '../support/net/watch.js'

const host = '127.0.0.1'

describe('dialSocket', () => {
  afterEach(closeAll)

  describe('where nobody listens', () => {
    it('tells connecting and close, and errors with what the system says', async () => {
      const client = watch(tcp.connect({ host, port: await freePort() }))
      const error = await client.over()
      expect(error).to.include({ code: 'ECONNREFUSED' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
      expect(client.all('close')[0]).to.include({ reason: 'error', error, bytesUnsent: 0 })
    })

    it('does the same for a path', async () => {
      const client = watch(tcp.connect({ path: freshPath() }))
      expect(await client.over()).to.include({ code: 'ENOENT' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('tries again when it is subscribed to again', async () => {
      const port = await freePort()
      const stream = tcp.connect({ host, port })
      await watch(stream).over()
      await listening(tcp.listen({ host, port }))
      await watch(stream).next('open')
    })
  })

  describe('while it resolves', () => {
    it('uses the lookup that it is given, with the family and the flags', async () => {
      const server = await rawServer()
      const lookup = sinon.spy(answering([host]))
      const client = watch(tcp.connect({ host: 'sluice.test', port: server.port, lookup, family: 4, hints: 32 }))
      await client.next('open')
      expect(lookup.firstCall.args[0]).to.equal('sluice.test')
      expect(lookup.firstCall.args[1]).to.include({ family: 4, hints: 32 })
    })

    it('errors with what the lookup says', async () => {
      const lookup: LookupFunction = (_, __, tell) => {
        tell(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
      }
      const client = watch(tcp.connect({ host: 'sluice.test', port: 1, lookup }))
      expect(await client.over()).to.include({ code: 'ENOTFOUND' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })

    it('gives up after resolveTimeout, and minds no answer that comes later', async () => {
      const server = await rawServer()
      const lookup = sinon.fake<Parameters<LookupFunction>>()
      const client = watch(tcp.connect({ host: 'sluice.test', port: server.port, lookup, resolveTimeout: 20 }))
      expect(await client.over()).to.include({
        code: 'ERR_RESOLVE_TIMEOUT',
        message: 'resolve took longer than 20 ms',
      })
      expect(client.all('close')[0]).to.include({ reason: 'timeout' })
      lookup.firstCall.args[2](null, [{ address: host, family: 4 }])
      await turns(3)
      expect(server.sockets).to.deep.equal([])
    })

    it('has no deadline for resolving where there is nothing to resolve', async () => {
      const port = await blackhole()
      const client = watch(tcp.connect({ host, port, resolveTimeout: 10, connectTimeout: 40 }))
      expect(await client.over()).to.include({ code: 'ERR_CONNECT_TIMEOUT' })
    })

    it('stops when it is unsubscribed from, and leaves nothing', async () => {
      const before = await resourcesAtRest()
      const lookup = sinon.fake<Parameters<LookupFunction>>()
      const client = watch(tcp.connect({ host: 'sluice.test', port: 1, lookup }))
      client.unsubscribe()
      expect(await resourcesLeft(before)).to.deep.equal(before)
      expect(client.types).to.deep.equal(['connecting'])
    })
  })

  describe('while it connects', () => {
    it('gives up after connectTimeout', async () => {
      const client = watch(tcp.connect({ host, port: await blackhole(), connectTimeout: 30 }))
      const error = await client.over()
      expect(error).to.include({ code: 'ERR_CONNECT_TIMEOUT', message: 'connect took longer than 30 ms' })
      expect(client.types).to.deep.equal(['connecting', 'close'])
      expect(client.all('close')[0]).to.include({ reason: 'timeout', error })
    })

    it('stops when it is unsubscribed from, and leaves nothing', async () => {
      const port = await blackhole()
      const before = await resourcesAtRest()
      const client = watch(tcp.connect({ host, port }))
      await turns(3)
      client.unsubscribe()
      expect(await resourcesLeft(before)).to.deep.equal(before)
      expect(client.types).to.deep.equal(['connecting'])
    })

    for (const end of ['close', 'destroy'] as const) {
      it(`is ended by ${end}(), with a local close and no error`, async () => {
        const port = await blackhole()
        const before = await resourcesAtRest()
        const client = watch(tcp.connect({ host, port }))
        const { connection } = await client.next('connecting')
        expect(connection.send(Buffer.from('too early'))).to.equal(false)
        connection[end]()
        expect(await client.over()).to.equal(undefined)
        expect(client.types).to.deep.equal(['connecting', 'close'])
        expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })

      it(`dials nobody when ${end}() is called as it is told to connect`, async () => {
        const server = await rawServer()
        const client = watch(tcp.connect({ host, port: server.port }), event => {
          if (event.type === 'connecting') event.connection[end]()
        })
        await client.over()
        expect(client.types).to.deep.equal(['connecting', 'close'])
        await turns(3)
        expect(server.sockets).to.deep.equal([])
      })
    }

    it('dials nobody when it is unsubscribed from as it is told to connect', async () => {
      const server = await rawServer()
      const client = watch(tcp.connect({ host, port: server.port }), () => {
        queueMicrotask(() => {
          client.unsubscribe()
        })
      })
      await turns(5)
      expect(client.types).to.deep.equal(['connecting'])
      expect(server.sockets).to.deep.equal([])
    })

    it('tries the addresses of a name in turn', async () => {
      const server = await rawServer()
      const lookup = answering(['127.0.0.2', host])
      const client = watch(tcp.connect({ host: 'sluice.test', port: server.port, lookup }))
      const { connection } = await client.next('open')
      expect(connection.remote).to.include({ address: host })
    })

    it('tries the first address alone, without autoSelectFamily', async () => {
      const server = await rawServer()
      const lookup = answering(['127.0.0.2', host])
      const client = watch(tcp.connect({ host: 'sluice.test', port: server.port, lookup, autoSelectFamily: false }))
      expect(await client.over()).to.include({ code: 'ECONNREFUSED', address: '127.0.0.2' })
    })

    it('tries each address for autoSelectFamilyAttemptTimeout', async () => {
      const port = await blackhole()
      await listening(tcp.listen({ host: '127.0.0.2', port }))
      const lookup = answering([host, '127.0.0.2'])
      const client = watch(tcp.connect({ host: 'sluice.test', port, lookup, autoSelectFamilyAttemptTimeout: 20 }))
      const { connection } = await client.next('open')
      expect(connection.remote).to.include({ address: '127.0.0.2' })
    })

    it('errors with all that went wrong, under one code', async () => {
      const lookup = answering(['127.0.0.2', '127.0.0.3'])
      const client = watch(tcp.connect({ host: 'sluice.test', port: await freePort(), lookup }))
      const error = await client.over()
      expect(error).to.be.instanceOf(AggregateError).and.to.include({ code: 'ECONNREFUSED' })
      expect((error as AggregateError).errors.map(({ address }: { address: string }) => address)).to.deep.equal([
        '127.0.0.2',
        '127.0.0.3',
      ])
    })
  })

  describe('its options', () => {
    it('bind the own end where they say', async () => {
      const server = await rawServer()
      const localAddress = '127.0.0.77'
      const localPort = await freePort(localAddress)
      const client = watch(tcp.connect({ host, port: server.port, localAddress, localPort }))
      const { connection } = await client.next('open')
      expect(connection.local).to.include({ address: localAddress, port: localPort })
      expect(await server.socket()).to.include({ remoteAddress: localAddress, remotePort: localPort })
    })

    it('fail for an own end that is not ours', async () => {
      const client = watch(tcp.connect({ host, port: 1, localAddress: '192.0.2.1' }))
      expect(await client.over()).to.include({ code: 'EADDRNOTAVAIL' })
    })

    it('send at once and probe after 30 s of silence, unless they say otherwise', async () => {
      const server = await rawServer()
      const handle = spyOnHandle(await anySocket(server.port))
      await watch(tcp.connect({ host, port: server.port })).next('open')
      expect(handle.noDelay.args).to.deep.equal([[true]])
      expect(handle.keepAlive.args.map((args: unknown[]) => args.slice(0, 2))).to.deep.equal([[true, 30]])
    })

    it('neither send at once nor probe where they say so', async () => {
      const server = await rawServer()
      const handle = spyOnHandle(await anySocket(server.port))
      await watch(tcp.connect({ host, port: server.port, noDelay: false, keepAlive: false })).next('open')
      expect(handle.noDelay.args).to.deep.equal([])
      expect(handle.keepAlive.args).to.deep.equal([])
    })

    it('probe after another silence', async () => {
      const server = await rawServer()
      const handle = spyOnHandle(await anySocket(server.port))
      await watch(tcp.connect({ host, port: server.port, keepAliveInitialDelay: 5_000 })).next('open')
      expect(handle.keepAlive.args.map((args: unknown[]) => args.slice(0, 2))).to.deep.equal([[true, 5]])
    })
  })

  for (const pairing of [overTcp, overUnix]) {
    it(`leaves no timer once connected over ${pairing.name}`, async () => {
      const { server, listener } = await listening(pairing.listen())
      const before = await resourcesAtRest()
      const client = watch(pairing.connect(listener.endpoint))
      await client.next('open')
      await server.next('open')
      expect((await resourcesAtRest())['Timeout']).to.equal(before['Timeout'])
    })
  }
})

/** A lookup that knows some addresses for every name. */
function answering(addresses: readonly string[]): LookupFunction {
  const found = addresses.map(address => ({ address, family: 4 }))
  return (_, { all }, tell) => {
    queueMicrotask(() => {
      if (all === true) tell(null, found)
      else tell(null, addresses[0] ?? '', 4)
    })
  }
}

/** A port on which nobody listens. */
async function freePort(address = host): Promise<number> {
  const { server, listener } = await listening(tcp.listen({ host: address, port: 0 }))
  const { port = 0 } = listener.endpoint
  listener.close()
  await server.over()
  return port
}

async function anySocket(port: number): Promise<Socket> {
  const socket = connectSocket({ port, host })
  later(() => socket.destroy())
  await new Promise(resolve => socket.once('connect', resolve))
  return socket
}

/** Nothing but the system's handle shows these options. */
function spyOnHandle(socket: Socket): { readonly noDelay: sinon.SinonSpy; readonly keepAlive: sinon.SinonSpy } {
  const { _handle: handle } = socket as unknown as { readonly _handle: object }
  const prototype = Object.getPrototypeOf(handle) as { setNoDelay: () => void; setKeepAlive: () => void }
  const noDelay = sinon.spy(prototype, 'setNoDelay')
  const keepAlive = sinon.spy(prototype, 'setKeepAlive')
  later(() => {
    noDelay.restore()
    keepAlive.restore()
  })
  return { noDelay, keepAlive }
}
