import { writeFileSync } from 'node:fs'
import type { LookupFunction, Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { filter, firstValueFrom, Subject } from 'rxjs'
import { firstPacket, heartbeat, idleTimeout, type ConnectionEvent, type ConnectionStream } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { echoProcess, flooder, poorDialler } from '../support/net/child.js'
import { closeAll } from '../support/net/closing.js'
import { directory } from '../support/net/directory.js'
import { listening, overStartedTls, overTcp, overTls, overTls12, pairings } from '../support/net/pairs.js'
import { gone, rawClient, rawServer, take } from '../support/net/peers.js'
import { byteByByte, relayed } from '../support/net/relay.js'
import { eventually, resourcesAtRest, resourcesLeft } from '../support/net/resources.js'
import { bytesOf, watch } from '../support/net/watch.js'

const host = '127.0.0.1'
const MiB = 1024 * 1024

const echo = (event: ConnectionEvent): void => {
  if (event.type === 'packet') event.connection.send(event.packet)
}

/** More than the system takes for a peer that does not read. */
const MUCH = 16 * MiB

const sendMuch = (event: ConnectionEvent): void => {
  if (event.type === 'open') event.connection.send(Buffer.alloc(MUCH))
}

describe('Faults on real sockets', function () {
  this.timeout(30_000) // Processes take their time to start.
  afterEach(closeAll)

  describe('a reset', () => {
    /** What a peer has done before it resets, and whether it may look like an end: libuv takes a reset for one that comes right behind data. */
    const points: Readonly<Record<string, readonly [act: (peer: Socket) => unknown, asEnd: boolean]>> = {
      'at once': [() => undefined, false],
      'when it has sent something': [peer => peer.write('hello'), true],
      'when it has ended': [peer => new Promise<void>(resolve => peer.end('bye', resolve)), true],
      'in the middle of what it reads': [peer => take(peer, 10_000), false],
      'in the middle of what it sends': [peer => peer.write(Buffer.alloc(8 * MiB)), true],
    }

    for (const [point, [act, asEnd]] of Object.entries(points)) {
      const told = asEnd ? ['error', 'remote'] : ['error']

      it(`of a server, ${point}, is one close`, async () => {
        const before = await resourcesAtRest()
        const server = await rawServer()
        const client = watch(tcp.connect({ host, port: server.port }), sendMuch)
        const peer = await server.socket()
        await act(peer)
        peer.resetAndDestroy()
        await client.over()
        expect(client.all('close')).to.have.length(1)
        expect(client.all('close')[0]?.reason).to.be.oneOf(told)
        await closeAll()
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })

      it(`of a client, ${point}, is one close, and harms nobody else`, async () => {
        const { server, listener } = await listening(overTcp.listen(), sendMuch)
        const { port = 0 } = listener.endpoint
        const other = watch(tcp.connect({ host, port }))
        const { connection } = await other.next('open')
        const peer = await rawClient({ port })
        await server.next('open', 2)
        await act(peer)
        peer.resetAndDestroy()
        expect((await server.next('close')).reason).to.be.oneOf(told)
        await other.until(() => connection.bytesRead === MUCH)
        await rawClient({ port })
        await server.next('open', 3)
        expect(server.all('close')).to.have.length(1)
      })
    }
  })

  describe('a reset beneath', () => {
    for (const pairing of [overTls, overTls12, overStartedTls]) {
      for (const side of ['client', 'server'] as const) {
        for (const busy of [false, true]) {
          it(`${pairing.name} ${busy ? 'in the middle of what it sends and reads' : 'at rest'} is one close of the ${side}`, async () => {
            const before = await resourcesAtRest()
            const { server, listener } = await listening(pairing.listen(), busy ? sendMuch : echo)
            const { port, ends } = await relayed(listener.endpoint.port ?? 0)
            const client = watch(pairing.connect({ address: host, port }), busy ? sendMuch : undefined)
            const both = { client, server }
            const { connection } = await client.next('open')
            if (!busy) connection.send(Buffer.from('hello'))
            await Promise.all([client.next('packet'), server.next('packet')])
            const { [side]: socket } = await ends
            socket.resetAndDestroy()
            const { reason, error } = await both[side].next('close')
            if (busy) expect(reason).to.be.oneOf(['error', 'remote'])
            else {
              expect(reason).to.equal('error')
              expect(error).to.include({ code: 'ECONNRESET' })
            }
            await closeAll()
            expect(await resourcesLeft(before)).to.deep.equal(before)
            expect(both[side].all('close')).to.have.length(1)
          })
        }
      }
    }
  })

  describe('a peer whose bytes come one at a time', () => {
    it('is understood', async () => {
      const { listener } = await listening(overTcp.listen(), echo)
      const port = await byteByByte(listener.endpoint.port ?? 0)
      const stream = tcp.connect({ host, port }).pipe(framed(lines()))
      const heard: string[] = []
      const subscription = stream.subscribe(event => {
        if (event.type === 'open') for (const line of ['one', 'two', 'three']) event.connection.send(line)
        if (event.type === 'packet') heard.push(event.packet)
      })
      await eventually(() => heard.length === 3)
      subscription.unsubscribe()
      expect(heard).to.deep.equal(['one', 'two', 'three'])
    })

    it('is understood over TLS, from the first byte of the handshake on', async () => {
      const { server, listener } = await listening(overTls.listen(), echo)
      const port = await byteByByte(listener.endpoint.port ?? 0)
      const client = watch(overTls.connect({ address: host, port }))
      const { connection } = await client.next('open')
      connection.send(Buffer.alloc(1_000, 'x'))
      await client.until(() => bytesOf(client).length === 1_000)
      connection.close()
      await Promise.all([client.over(), server.next('close')])
      expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
    })
  })

  describe('a peer that has fallen silent', () => {
    for (const pairing of pairings) {
      it(`is given up by idleTimeout over ${pairing.name}, and leaves nothing`, async () => {
        const before = await resourcesAtRest()
        const { server, listener } = await listening(pairing.listen())
        const client = watch(pairing.connect(listener.endpoint).pipe(idleTimeout(40)))
        expect(await client.over()).to.include({ code: 'ERR_IDLE_TIMEOUT' })
        expect(client.all('close')[0]).to.include({ reason: 'timeout' })
        await server.next('close')
        server.unsubscribe()
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }

    const deadlines: Readonly<Record<string, (stream: ConnectionStream) => ConnectionStream>> = {
      ERR_FIRST_PACKET_TIMEOUT: stream => stream.pipe(firstPacket(40)),
      ERR_HEARTBEAT_TIMEOUT: stream =>
        stream.pipe(
          heartbeat({ ping: () => Buffer.from('?'), interval: 20, timeout: 20 }),
          filter(event => event.type !== 'heartbeat'),
        ),
    }
    for (const [code, within] of Object.entries(deadlines)) {
      it(`is given up with ${code}, and leaves nothing`, async () => {
        const before = await resourcesAtRest()
        const peer = await rawServer(socket => socket.resume())
        const client = watch(within(tcp.connect({ host, port: peer.port })))
        expect(await client.over()).to.include({ code })
        expect(client.story).to.deep.equal(['connecting', 'open', 'close'])
        expect(client.all('close')[0]).to.include({ reason: 'timeout' })
        await closeAll()
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  })

  describe('unsubscribing', () => {
    for (const pairing of pairings) {
      for (const side of ['dial', 'listening stream'] as const) {
        it(`at any event of a ${side} over ${pairing.name} leaves nothing`, async () => {
          const before = await resourcesAtRest()
          for (let index = 0; index < 8; index += 1) {
            let count = 0
            const leave = (leaves: boolean): void => {
              count += Number(leaves)
              if (leaves && count > index) queueMicrotask(() => (side === 'dial' ? client : server).unsubscribe())
            }
            const { server, listener } = await listening(pairing.listen(), event => {
              if (event.type === 'packet') event.connection.send(event.packet)
              leave(side !== 'dial' && event.type !== 'listening')
            })
            const client = watch(pairing.connect(listener.endpoint), event => {
              if (event.type === 'open') event.connection.send(Buffer.alloc(300_000))
              if (event.type === 'packet' && event.connection.bytesRead === 300_000) event.connection.close()
              leave(side === 'dial')
            })
            await eventually(() => client.ended !== undefined || (side === 'dial' && count > index))
            server.unsubscribe()
          }
          expect(await resourcesLeft(before)).to.deep.equal(before)
        })

        it(`at the drain of a ${side} over ${pairing.name} leaves nothing`, async () => {
          const before = await resourcesAtRest()
          const leave = (event: ConnectionEvent): void => {
            sendMuch(event)
            if (event.type === 'drain') own.unsubscribe()
          }
          const { server, listener } = await listening(pairing.listen(), side === 'dial' ? undefined : leave)
          const client = watch(pairing.connect(listener.endpoint), side === 'dial' ? leave : undefined)
          const [own, other] = side === 'dial' ? [client, server] : [server, client]
          await Promise.all([own.next('drain'), other.next('close')])
          expect(own.types.at(-1)).to.equal('drain')
          server.unsubscribe()
          expect(await resourcesLeft(before)).to.deep.equal(before)
        })
      }
    }
  })

  describe('code of the user that throws', () => {
    it('in lookup is a dial that fails', async () => {
      const before = await resourcesAtRest()
      const cause = new Error('a bug')
      const lookup: LookupFunction = () => {
        throw cause
      }
      const client = watch(tcp.connect({ host: 'sluice.test', port: 1, lookup }))
      expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause })
      expect(client.types).to.deep.equal(['connecting', 'close'])
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  })

  describe('a path', () => {
    it('whose parent is a file can be neither bound nor dialled', async () => {
      const file = join(directory(), 'file')
      writeFileSync(file, '')
      const path = join(file, 'socket')
      expect(await watch(tcp.connect({ path })).over()).to.include({ code: 'ENOTDIR' })
      expect(await watch(tcp.listen({ path })).over())
        .to.have.property('code')
        .that.is.oneOf(['ENOTDIR', 'EACCES'])
    })
  })

  describe('a process', () => {
    it('that is killed in the middle of its answers is one close', async () => {
      const child = echoProcess()
      const { endpoint } = (await child.says()) as { readonly endpoint: { readonly port: number } }
      const before = await resourcesAtRest()
      const clients = [1, 2, 3].map(() =>
        watch(tcp.connect({ host, port: endpoint.port, maxBuffered: Infinity }), event => {
          if (event.type === 'open' || event.type === 'packet') event.connection.send(Buffer.alloc(MiB))
        }),
      )
      await Promise.all(clients.map(client => client.next('packet', 5)))
      await child.kill()
      for (const client of clients) {
        await client.over()
        expect(client.all('close')).to.have.length(1)
        expect(client.all('close')[0]?.reason).to.be.oneOf(['error', 'remote'])
      }
      expect(await resourcesLeft(before)).to.include(
        Object.fromEntries(Object.entries(before).filter(([kind]) => kind.startsWith('T'))),
      )
    })

    it('that is killed while it floods is one close, and harms nobody else', async () => {
      const { server, listener } = await listening(overTcp.listen())
      const { port = 0 } = listener.endpoint
      const child = flooder(port)
      await server.next('packet', 100)
      await child.kill()
      await server.next('close')
      expect(server.all('close')).to.have.length(1)
      expect(server.ended).to.equal(undefined)
      const peer = await rawClient({ port })
      await server.next('open', 2)
      peer.destroy()
      await gone(peer)
    })

    it('that floods does not keep the server from hearing others', async () => {
      let flooded = 0
      const rising = new Subject<number>()
      const server = tcp.listen({ host, port: 0 }).pipe(
        filter(event => {
          if (event.type !== 'packet' || event.packet.length === 1) return true
          flooded += event.packet.length
          rising.next(flooded)
          return false
        }),
      )
      const { listener } = await listening(server, echo)
      const { port = 0 } = listener.endpoint
      const child = flooder(port)
      await firstValueFrom(rising.pipe(filter(level => level > 10 * MiB)))

      const meanwhile: number[] = []
      let before = 0
      const client = watch(tcp.connect({ host, port }), event => {
        if (event.type === 'packet') meanwhile.push(flooded - before)
        if (event.type !== 'open' && event.type !== 'packet') return
        before = flooded
        event.connection.send(Uint8Array.of(1))
      })
      await client.next('packet', 200)
      await child.kill()
      // A turn of the event loop reads 2 MiB of one socket at most, and a question and its answer take a few turns.
      expect(Math.max(...meanwhile)).to.be.within(1, 32 * MiB)
    })

    it('that has no more files fails to dial with that, and dials when it has some again', async () => {
      const { listener } = await listening(overTcp.listen())
      const child = poorDialler(40, listener.endpoint.port ?? 0, 60)
      for (const round of [1, 2]) {
        const { ends } = (await (round === 1 ? child.says() : child.ask())) as { readonly ends: string[] }
        expect(new Set(ends), `round ${round}`).to.deep.equal(new Set(['open', 'EMFILE']))
      }
    })
  })
})
