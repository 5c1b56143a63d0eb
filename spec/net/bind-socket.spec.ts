import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server, type Socket } from 'node:net'
import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import sinon from 'sinon'
import type { Endpoint } from 'sluice'
import { tcp, type TcpPlace } from 'sluice/net'
import { poorEchoProcess } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { directory, freshPath } from '../support/net/directory.js'
import { listening, overTcp, overUnix } from '../support/net/pairs.js'
import { drained, gone, rawClient, take } from '../support/net/peers.js'
import { eventually, resources, resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { watch } from '../support/net/watch.js'

const host = '127.0.0.1'

describe('bindSocket', function () {
  this.timeout(30_000) // Processes take their time to start.
  afterEach(closeAll)

  describe('a place that can not be had', () => {
    it('errors for one that is taken, and does it no harm', async () => {
      const { server, listener } = await listening(tcp.listen({ host, port: 0 }))
      const { port = 0 } = listener.endpoint
      const second = watch(tcp.listen({ host, port }))
      expect(await second.over()).to.include({ code: 'EADDRINUSE' })
      expect(second.types).to.deep.equal([])
      await rawClient({ port })
      await server.next('open')
    })

    it('errors for an address that is not of this machine', async () => {
      expect(await watch(tcp.listen({ host: '192.0.2.1', port: 0 })).over()).to.include({ code: 'EADDRNOTAVAIL' })
    })

    it('errors for a directory in which we may not write', async () => {
      const path = join(directory(), 'socket')
      const failing = withoutRights(path, () => watch(tcp.listen({ path })))
      expect(await failing.over()).to.include({ code: 'EACCES' })
    })

    it('errors for a directory that does not exist', async () => {
      const failing = watch(tcp.listen({ path: join(directory(), 'none', 'socket') }))
      expect(await failing.over())
        .to.have.property('code')
        .that.is.oneOf(['ENOENT', 'EACCES'])
    })

    it('can be had when it is free again', async () => {
      const { server, listener } = await listening(tcp.listen({ host, port: 0 }))
      const { port = 0 } = listener.endpoint
      const stream = tcp.listen({ host, port })
      await watch(stream).over()
      server.unsubscribe()
      await listening(stream)
    })

    it('leaves nothing', async () => {
      const { listener } = await listening(tcp.listen({ host, port: 0 }))
      const before = await resourcesAtRest()
      await watch(tcp.listen({ host, port: listener.endpoint.port ?? 0 })).over()
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  })

  describe('its options', () => {
    it('reach the system', async () => {
      const listen = spyOnListen()
      await listening(tcp.listen({ host, port: 0, backlog: 7, exclusive: true }))
      expect(listen.lastCall.args[0]).to.include({ host, port: 0, backlog: 7, exclusive: true, ipv6Only: false })
      await listening(tcp.listen({ path: freshPath(), backlog: 9 }))
      expect(listen.lastCall.args[0]).to.include({ backlog: 9 })
    })

    it('hold a queue of 511, share a port with other workers, and serve both families, unless they say otherwise', async () => {
      const listen = spyOnListen()
      await listening(tcp.listen({ port: 0 }))
      const [place] = listen.lastCall.args as [object]
      expect(place).to.include({ backlog: 511, exclusive: false, ipv6Only: false })
      expect(place).not.to.have.property('host')
    })

    it('keep IPv4 out of an address of IPv6', async () => {
      const listen = spyOnListen()
      const all = watch(tcp.listen({ host: '::', port: 0, ipv6Only: true }))
      expect(listen.lastCall.args[0]).to.include({ ipv6Only: true })
      if (!hasIpv6()) return
      const { listener } = await all.next('listening')
      const refused = watch(tcp.connect({ host, port: listener.endpoint.port ?? 0 }))
      expect(await refused.over()).to.include({ code: 'ECONNREFUSED' })
    })

    it('apply to each connection that is accepted', async () => {
      const { prototype } = await handlePrototype()
      const noDelay = sinon.spy(prototype, 'setNoDelay')
      const keepAlive = sinon.spy(prototype, 'setKeepAlive')
      later(() => {
        noDelay.restore()
        keepAlive.restore()
      })
      const accept = async (options: Partial<TcpPlace>): Promise<unknown[][][]> => {
        const { server, listener } = await listening(tcp.listen({ host, port: 0, ...options }))
        noDelay.resetHistory()
        keepAlive.resetHistory()
        await rawClient({ port: listener.endpoint.port ?? 0 })
        await server.next('open')
        return [noDelay.args, keepAlive.args.map((args: unknown[]) => args.slice(0, 2))]
      }
      expect(await accept({})).to.deep.equal([[[true]], [[true, 30]]])
      expect(await accept({ noDelay: false, keepAlive: false })).to.deep.equal([[], []])
      expect(await accept({ keepAliveInitialDelay: 7_000 })).to.deep.equal([[[true]], [[true, 7]]])
    })
  })

  for (const pairing of [overTcp, overUnix]) {
    describe(`a paused listener over ${pairing.name}`, () => {
      it('holds what it accepts unopened and unread, and opens it in order when it goes on', async () => {
        const { server, listener } = await listening(pairing.listen())
        listener.pause()
        const peers = [await rawClient(raw(listener.endpoint)), await rawClient(raw(listener.endpoint))]
        for (const [index, peer] of peers.entries()) peer.write(`from ${index}`)
        await eventually(() => listener.accepted === 2)
        await turns(5)
        expect(server.types).to.deep.equal(['listening'])

        listener.resume()
        expect(server.types).to.deep.equal(['listening', 'open', 'open'])
        await server.next('packet', 2)
        expect(listener).to.include({ accepted: 2, refused: 0, failures: 0 })
      })

      it('refuses more than its backlog', async () => {
        const { server, listener } = await listening(
          pairing === overTcp
            ? tcp.listen({ host, port: 0, backlog: 2 })
            : tcp.listen({ path: freshPath(), backlog: 2 }),
        )
        listener.pause()
        const peers = []
        for (let index = 0; index < 4; index += 1) {
          peers.push(await rawClient(raw(listener.endpoint)))
          await eventually(() => listener.accepted + listener.refused === index + 1)
        }
        for (const peer of peers.slice(2)) await drained(peer.resume()).catch(() => undefined)
        expect(listener).to.include({ accepted: 2, refused: 2 })
        listener.resume()
        expect(server.all('open')).to.have.length(2)
      })

      it('refuses those that wait when it closes', async () => {
        const { server, listener } = await listening(pairing.listen())
        listener.pause()
        const peer = await rawClient(raw(listener.endpoint))
        await eventually(() => listener.accepted === 1)
        listener.close()
        await server.over()
        await drained(peer).catch(() => undefined)
        expect(server.types).to.deep.equal(['listening'])
        expect(listener.refused).to.equal(1)
      })

      it('opens one whose peer has ended meanwhile, and tells what it had sent', async () => {
        const { server, listener } = await listening(pairing.listen())
        listener.pause()
        const peer = await rawClient(raw(listener.endpoint))
        peer.end('short')
        peer.resume()
        await eventually(() => listener.accepted === 1)
        listener.resume()
        await server.next('close')
        expect(server.types).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
      })

      it('leaves nothing of those that wait when it is unsubscribed from', async () => {
        const before = await resourcesAtRest()
        const { server, listener } = await listening(pairing.listen())
        listener.pause()
        const peer = await rawClient(raw(listener.endpoint))
        await eventually(() => listener.accepted === 1)
        server.unsubscribe()
        peer.destroy()
        await gone(peer)
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    })
  }

  it('minds no peer that has reset its connection while it waited', async () => {
    const { server, listener } = await listening(overTcp.listen())
    listener.pause()
    const peer = await rawClient(raw(listener.endpoint))
    await eventually(() => listener.accepted === 1)
    const other = await rawClient(raw(listener.endpoint))
    await eventually(() => listener.accepted === 2)
    peer.resetAndDestroy()
    await gone(peer)
    await turns(20)
    listener.resume()
    await server.next('open')
    other.end()
    await server.next('close')
    const opened = server.all('open').map(({ connection }) => connection.remote?.port)
    expect(opened).to.include(other.localPort)
    expect(server.ended).to.equal(undefined)
  })

  it('opens nobody whose socket was destroyed while it waited, and minds no error of it', async () => {
    const sockets: Socket[] = []
    const note = (told: unknown): unknown => sockets.push((told as { readonly socket: Socket }).socket)
    subscribe('net.server.socket', note)
    later(() => unsubscribe('net.server.socket', note))
    const { server, listener } = await listening(overTcp.listen())
    listener.pause()
    await rawClient(raw(listener.endpoint))
    await eventually(() => sockets.length === 1)
    const [socket] = sockets
    await new Promise(resolve =>
      socket?.destroy(new Error('by somebody who watches all sockets')).once('close', resolve),
    )
    listener.resume()
    listener.close()
    await server.over()
    expect(server.types).to.deep.equal(['listening'])
    expect(listener).to.include({ accepted: 1, refused: 0 })
  })

  describe('a port that is freed for a while', () => {
    for (const place of [{ port: 0 }, { host, port: 0 }]) {
      const where = 'host' in place ? 'one address' : 'every address'
      it(`is bound again once, however often it is freed and wanted meanwhile, at ${where}`, async () => {
        const { server, listener } = await listening(tcp.listen(place))
        const { port = 0 } = listener.endpoint
        for (let round = 1; round <= 3; round += 1) {
          for (let change = 0; change < 3; change += 1) {
            listener.suspend()
            listener.resume()
            listener.resume()
          }
          await eventually(() => !listener.suspended)
          await rawClient({ port })
          await server.next('open', round)
        }
        expect(server.types).to.deep.equal(['listening', 'open', 'open', 'open'])
        expect(listener).to.include({ failures: 0, paused: false })
      })
    }

    it('is tried again by each resume where it was not to be had', async () => {
      const { server, listener } = await listening(overTcp.listen())
      listener.suspend()
      const squatter = await listening(tcp.listen({ host, port: listener.endpoint.port ?? 0 }))
      for (const failures of [1, 2]) {
        listener.resume()
        await eventually(() => listener.failures === failures)
        expect(listener).to.include({ suspended: true })
        expect(listener.lastFailure).to.include({ code: 'EADDRINUSE' })
      }
      squatter.server.unsubscribe()
      listener.resume()
      await eventually(() => !listener.suspended)
      await rawClient(raw(listener.endpoint))
      await server.next('open')
    })

    for (const name of [host, 'localhost']) {
      it(`is free for good when its listener is closed while it is bound again, at ${name}`, async () => {
        const before = await resourcesAtRest()
        const { server, listener } = await listening(tcp.listen({ host: name, port: 0 }))
        listener.suspend()
        listener.resume()
        listener.close()
        expect(await server.over()).to.equal(undefined)
        await eventually(() => !('GetAddrInfoReqWrap' in resources()))
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  })

  it('remembers what was bound when the listener has closed', async () => {
    const { server, listener } = await listening(overTcp.listen())
    const { endpoint } = listener
    listener.close()
    await server.over()
    expect(endpoint).to.include({ address: host, family: 'IPv4' }).and.to.have.property('port').that.is.greaterThan(0)
    expect(listener.endpoint).to.deep.equal(endpoint)
  })

  it('binds nothing when it is unsubscribed from at once', async () => {
    const before = await resourcesAtRest()
    for (const place of [{ host, port: 0 }, { host: 'localhost', port: 0 }, { path: freshPath() }]) {
      const server = watch(tcp.listen(place))
      server.unsubscribe()
      expect(server.types).to.deep.equal([])
    }
    await eventually(() => !('GetAddrInfoReqWrap' in resources()))
    expect(await resourcesLeft(before)).to.deep.equal(before)
  })

  it('counts what the system fails to accept, and goes on', async () => {
    const listen = spyOnListen()
    const { server, listener } = await listening(overTcp.listen())
    const failure = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })
    ;(listen.lastCall.thisValue as Server).emit('error', failure)
    expect(listener).to.include({ failures: 1, lastFailure: failure })
    await rawClient(raw(listener.endpoint))
    await server.next('open')
  })

  it('keeps files back from a flood: it counts whom it turns away, serves who is connected, and others afterwards', async () => {
    const server = poorEchoProcess(64)
    const { endpoint } = (await server.says()) as { readonly endpoint: Endpoint }
    const { port = 0 } = endpoint
    const early = await rawClient({ port })
    expect(await echoed(early, 'early')).to.equal('early')

    const flood: Socket[] = []
    for (let index = 0; index < 100; index += 1) flood.push(await rawClient({ port }))
    for (const peer of flood) peer.once('end', () => peer.destroy()).resume()
    await eventually(() => flood.some(peer => peer.closed))
    expect(await echoed(early, 'still here')).to.equal('still here')
    let counted = await server.ask()
    while (Number(counted['accepted']) + Number(counted['shed']) < 101) counted = await server.ask()
    expect(counted).to.include({ accepted: counted['open'], code: 'ERR_TOO_MANY_FILES', opens: true })
    expect(counted['shed']).to.equal(counted['failures']).and.to.be.greaterThan(0)

    for (const peer of flood) peer.destroy()
    while ((await server.ask())['open'] !== 1);
    expect(await echoed(await rawClient({ port }), 'late')).to.equal('late')
    expect(await server.ask()).to.include({ shed: counted['shed'], open: 2 })
  })
})

type Handle = { readonly setNoDelay: () => void; readonly setKeepAlive: () => void }

async function handlePrototype(): Promise<{ readonly prototype: Handle }> {
  const { listener } = await listening(overTcp.listen())
  const { _handle: handle } = (await rawClient(raw(listener.endpoint))) as unknown as { readonly _handle: object }
  return { prototype: Object.getPrototypeOf(handle) as Handle }
}

function raw({ address, port }: Endpoint): { readonly port: number } | { readonly path: string } {
  return port === undefined ? { path: address } : { port }
}

async function echoed(peer: Socket, text: string): Promise<string> {
  peer.write(text)
  return String(await take(peer, text.length))
}

function spyOnListen(): sinon.SinonSpy {
  const listen = sinon.spy(Server.prototype, 'listen')
  later(() => {
    listen.restore()
  })
  return listen
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some(addresses => addresses?.some(({ family }) => family === 'IPv6'))
}

/** Does something in a directory in which we may not write, also where we are root. */
function withoutRights<T>(path: string, act: () => T): T {
  const nobody = 65_534
  const root = process.getuid?.() === 0
  chmodSync(dirname(path), 0o500)
  if (root) process.seteuid?.(nobody)
  try {
    return act()
  } finally {
    if (root) process.seteuid?.(0)
  }
}
