import { once } from 'node:events'
import { expect } from 'chai'
import fc from 'fast-check'
import { timer, type Observable } from 'rxjs'
import { consume, idleTimeout } from 'sluice'
import { webSocket, type WebSocketConnection } from 'sluice/websocket'
import { WebSocket, WebSocketServer } from 'ws'
import { webSocketFlooder } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { memoryHeld } from '../support/memory-taken.js'
import { gone, rawClient, rawServer } from '../support/net/peers.js'
import { byteByByte } from '../support/net/relay.js'
import { eventually, resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { watch } from '../support/net/watch.js'
import { damaged } from '../support/property.js'
import { rawSocketClient, rawSocketServer, type RawSocket } from '../support/websocket/raw-socket.js'
import {
  TEXT,
  binary,
  bytesOf,
  close,
  continuation,
  fragments,
  ping,
  text,
  type RawFrame,
} from '../support/websocket/raw-frame.js'

const host = '127.0.0.1'
const KiB = 1024
const MiB = 1024 * KiB

type Listening = Parameters<typeof webSocket.listen>[0]

/** A server of ours that echoes, and its port. */
async function echo(options: Partial<Listening> = {}) {
  const server = watch(webSocket.listen({ host, port: 0, ...options }), event => {
    if (event.type === 'packet') event.connection.send(event.packet)
  })
  const { listener } = await server.next('listening')
  return { server, port: listener.endpoint.port ?? 0 }
}

async function stranger(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://${host}:${port}/`, { perMessageDeflate: false })
  later(() => {
    client.terminate()
  })
  client.on('error', () => undefined)
  await once(client, 'open')
  return client
}

async function farewell(client: WebSocket): Promise<{ readonly code: number; readonly detail: string }> {
  const [code, detail] = (await once(client, 'close')) as [number, Buffer]
  return { code, detail: detail.toString() }
}

describe('WebSockets, with peers at fault', function () {
  this.timeout(30_000) // Processes take their time to start.
  afterEach(closeAll)

  describe('a first message', () => {
    const first = [text('one'), ping('a'), ...fragments(TEXT, 'tw', 'o')]

    it('in the segment of the request is the first packet', async () => {
      const { server, port } = await echo()
      const peer = await rawSocketClient(port, { first })
      await peer.until(() => peer.frames.length === 3)
      expect(peer.heard).to.have.members(['text one', 'pong a', 'text two'])
      expect(server.packets).to.deep.equal(['one', 'two'])
    })

    it('in the segment of the answer is the first packet', async () => {
      const server = await rawSocketServer({ first })
      const client = watch(webSocket.connect(server.url))
      const peer = await server.accept()
      await client.next('packet', 2)
      expect(client.packets).to.deep.equal(['one', 'two'])
      expect(await peer.hears(1)).to.equal('pong a')
    })

    it('in the segment of the answer, with the Close, is told before that', async () => {
      const server = await rawSocketServer({ first: [text('busy'), close(1013, 'later')] })
      const client = watch(webSocket.connect(server.url))
      const peer = await server.accept()
      expect(await peer.hears(1)).to.equal('close 1013')
      peer.socket.end()
      await client.over()
      expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
      expect(client.all('close')[0]).to.include({ code: 1013, detail: 'later' })
    })
  })

  describe('bytes that come one at a time', () => {
    it('are understood by both ends, from the handshake to the Close', async () => {
      const { server, port } = await echo()
      const client = watch(webSocket.connect(`ws://${host}:${await byteByByte(port)}/`))
      const { connection } = await client.next('open')
      for (const message of ['', 'grüße', 'x'.repeat(300), Buffer.alloc(1_000, 7)]) connection.send(message)
      await client.next('packet', 4)
      expect(client.packets).to.deep.equal(['', 'grüße', 'x'.repeat(300), Buffer.alloc(1_000, 7)])
      connection.close({ code: 4000 })
      await client.over()
      expect(await server.next('close')).to.include({ code: 4000, reason: 'remote' })
    })
  })

  describe('a fault', () => {
    const faults: Readonly<Record<string, readonly [parts: readonly (RawFrame | Uint8Array)[], code: number]>> = {
      'no mask': [[text('one', { masked: false })], 1002],
      'a reserved bit': [[text('one', { rsv: 1 })], 1002],
      'a reserved opcode': [[{ opcode: 5 }], 1002],
      'a continuation of nothing': [[continuation('one')], 1002],
      'a long ping': [[ping('x'.repeat(126))], 1002],
      'a wrong code': [[close(1006)], 1002],
      'no UTF-8': [[text(Buffer.of(0xff))], 1007],
      'too long a message': [[binary(Buffer.alloc(2 * MiB))], 1009],
      'too many fragments': [fragments(TEXT, ...new Array<string>(2_000).fill('x')), 1008],
      'too many pings': [new Array<RawFrame>(200).fill(ping('x')), 1008],
    }

    it('of one client ends that connection alone: the others are served, and so are those who come later', async () => {
      const { server, port } = await echo()
      const good = await stranger(port)
      for (const [name, [parts, code]] of Object.entries(faults)) {
        const bad = await rawSocketClient(port)
        bad.sends(text('before'), ...parts)
        expect((await bad.over()).at(-1), name).to.equal(`close ${code}`)
        bad.socket.destroy()
        good.send(name)
        const [echoed] = (await once(good, 'message')) as [Buffer]
        expect(echoed.toString()).to.equal(name)
      }
      expect(server.all('close').map(({ reason }) => reason)).to.deep.equal(Object.keys(faults).map(() => 'error'))
      expect(server.ended).to.equal(undefined)
      expect(good.readyState).to.equal(WebSocket.OPEN)
    })

    it('is heard by a client that goes on writing for long', async () => {
      const { port } = await echo({ maxPayload: MiB })
      const client = await stranger(port)
      const left = farewell(client)
      client.send(Buffer.alloc(64 * MiB))
      expect(await left).to.deep.equal({ code: 1009, detail: '' })
    })

    it('is heard by a server that goes on writing for long', async () => {
      const server = new WebSocketServer({ host, port: 0, perMessageDeflate: false })
      later(() => {
        server.close()
      })
      await once(server, 'listening')
      const { port } = server.address() as { readonly port: number }
      const left = new Promise<number>(resolve => {
        server.on('connection', socket => {
          socket.on('error', () => undefined).on('close', resolve)
          socket.send(Buffer.alloc(64 * MiB))
        })
      })
      const client = watch(webSocket.connect({ url: `ws://${host}:${port}/`, maxPayload: MiB }))
      expect(await client.over()).to.include({ code: 'ERR_MESSAGE_TOO_LONG' })
      expect(await left).to.equal(1009)
    })

    it('is over in time, though the peer never stops', async () => {
      const before = await resourcesAtRest()
      const { server, port } = await echo()
      const bad = await rawSocketClient(port)
      const chunk = Buffer.alloc(64 * KiB)
      const flood = (): void => {
        while (!bad.socket.destroyed && bad.socket.write(chunk));
      }
      bad.socket.on('drain', flood)
      bad.sends({ opcode: 5 })
      flood()
      expect((await server.next('close')).error).to.include({ code: 'ERR_PROTOCOL' })
      await gone(bad.socket)
      await closeAll()
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  })

  describe('garbage', () => {
    const request = Buffer.from(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const answer = Buffer.from(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    )

    /** Bytes of the other end that were damaged, the same in every run. */
    const damages = (bytes: Buffer): Uint8Array[] =>
      fc.sample(damaged(fc.constant(Buffer.concat([bytes, bytesOf(text('one'), true)]))), { seed: 1, numRuns: 150 })

    it('in place of a handshake harms nobody but whoever sends it', async () => {
      const before = await resourcesAtRest()
      const { server, port } = await echo({ handshakeTimeout: 100, closeTimeout: 100 })
      const good = await stranger(port)
      const sockets = await Promise.all(
        damages(request).map(async (bytes, index) => {
          const socket = await rawClient({ port })
          const over = new Promise(resolve => socket.on('end', resolve).on('close', resolve))
          socket.write(bytes)
          if (index % 2 === 0) socket.end()
          socket.on('data', () => socket.end())
          await over
          return socket.destroy()
        }),
      )
      await eventually(() => server.all('close').length === sockets.length)
      good.send('still there')
      await once(good, 'message')
      expect(server.ended).to.equal(undefined)
      await closeAll()
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })

    it('in place of an answer is the end of that dial', async () => {
      const before = await resourcesAtRest()
      const server = await rawServer()
      for (const bytes of damages(answer)) {
        const client = watch(webSocket.connect({ url: `ws://${host}:${server.port}/`, handshakeTimeout: 50 }))
        const socket = await server.socket(server.sockets.length + 1)
        socket.end(bytes)
        socket.resume()
        const error = await client.over()
        expect(String((error as { readonly code?: unknown }).code)).to.match(/^(ERR_HANDSHAKE_|ECONNRESET|EPIPE)/)
        expect(client.types).to.deep.equal(['connecting', 'close'])
      }
      await closeAll()
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  })

  describe('a Close', () => {
    it('of the client is answered, and then the server ends TCP first', async () => {
      const { server, port } = await echo()
      const peer = await rawSocketClient(port)
      peer.sends(close(4000, 'enough'))
      expect(await peer.over()).to.deep.equal(['close 4000'])
      expect(peer.socket.destroyed).to.equal(false)
      peer.socket.end()
      expect(await server.next('close')).to.include({ code: 4000, detail: 'enough', bytesUnsent: 0 })
    })

    it('of the server is answered, and TCP is left to him to end', async () => {
      const server = await rawSocketServer()
      const client = watch(webSocket.connect(server.url))
      const peer = await server.accept()
      peer.sends(close(4000))
      expect(await peer.hears(1)).to.equal('close 4000')
      await turns(20)
      expect(peer.isOver).to.equal(false)
      peer.socket.end()
      await client.over()
      await peer.over()
      expect(client.all('close')[0]).to.include({ code: 4000, reason: 'remote' })
    })

    it('that is never answered is waited for no longer than closeTimeout', async () => {
      const before = await resourcesAtRest()
      const { server, port } = await echo({ closeTimeout: 50 })
      const peer = await rawSocketClient(port)
      const { connection } = await server.next('open')
      connection.close()
      expect(await peer.hears(1)).to.equal('close 1000')
      expect(await server.next('close')).to.include({ reason: 'local', code: 1006 })
      await closeAll()
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })

    it('that comes from both ends at once is one close for each', async () => {
      const { server, port } = await echo()
      const client = watch(webSocket.connect(`ws://${host}:${port}/`))
      const { connection: near } = await client.next('open')
      const { connection: far } = await server.next('open')
      near.close({ code: 4001 })
      far.close({ code: 4002 })
      await client.over()
      await server.next('close')
      expect(client.all('close')).to.have.length(1)
      expect(client.all('close')[0]).to.include({ reason: 'local', code: 4002 })
      expect(server.all('close')[0]).to.include({ reason: 'local', code: 4001 })
    })
  })

  describe('a lost connection', () => {
    const points: Readonly<Record<string, (peer: RawSocket) => unknown>> = {
      'at once': () => undefined,
      'in the middle of a header': peer => peer.sends(Buffer.of(0x81)),
      'in the middle of a message': peer => peer.sends(peer.encoded(text('x'.repeat(1_000))).subarray(0, 500)),
      'between fragments': peer => peer.sends(text('one', { fin: false })),
      'behind a message': peer => peer.sends(text('one')),
    }
    for (const [point, act] of Object.entries(points)) {
      for (const how of ['reset', 'end'] as const) {
        it(`by ${how === 'reset' ? 'a reset' : 'the end of TCP'}, ${point}, is one abnormal close`, async () => {
          const { server, port } = await echo()
          const peer = await rawSocketClient(port)
          await server.next('open')
          act(peer)
          if (how === 'reset') peer.socket.resetAndDestroy()
          else peer.socket.end()
          const closed = await server.next('close')
          expect(closed).to.include({ reason: 'error', code: 1006 })
          expect(closed.error).to.have.property('code').that.is.oneOf(['ECONNRESET', 'EPIPE', 'ERR_CLOSED_ABNORMALLY'])
          expect(server.all('close')).to.have.length(1)
          expect(server.packets.every(packet => packet === 'one')).to.equal(true)
          if (how === 'end') expect(server.packets).to.deep.equal(point === 'behind a message' ? ['one'] : [])
        })
      }
    }

    it('of a process that was killed while it flooded is one close, and harms nobody else', async () => {
      const server = watch(webSocket.listen({ host, port: 0 }))
      const { listener } = await server.next('listening')
      const { port = 0 } = listener.endpoint
      const child = webSocketFlooder(port, 10_000)
      await server.next('packet', 100)
      await child.kill()
      expect(await server.next('close')).to.include({ reason: 'error', code: 1006 })
      expect(server.packets.every(packet => packet.length === 10_000)).to.equal(true)
      const client = await stranger(port)
      client.send('still there')
      await server.until(() => server.packets.at(-1) === 'still there')
    })
  })

  describe('a connection that has closed', () => {
    const COUNT = 8

    it('keeps nothing of what it was reading, however long somebody remembers it', async () => {
      const { server, port } = await echo()
      const half = text('x'.repeat(MiB), { fin: false })
      const before = memoryHeld()
      for (let count = 1; count <= COUNT; count += 1) {
        const peer = await rawSocketClient(port)
        peer.sends(half)
        await eventually(() => (server.all('open')[count - 1]?.connection.bytesRead ?? 0) > MiB)
        peer.socket.resetAndDestroy()
        await server.next('close', count)
      }
      await turns(20)
      expect(memoryHeld() - before).to.be.lessThan((COUNT * MiB) / 4)
    })

    it('keeps nothing of what it could not send', async () => {
      const { server, port } = await echo()
      const before = memoryHeld()
      for (let count = 1; count <= COUNT; count += 1) {
        const peer = await rawSocketClient(port)
        peer.socket.pause()
        const { connection } = await server.next('open', count)
        connection.send(Buffer.alloc(12 * MiB))
        connection.destroy()
        await server.next('close', count)
        peer.socket.destroy()
      }
      await turns(20)
      expect(server.all('close').every(({ bytesUnsent }) => bytesUnsent > MiB)).to.equal(true)
      expect(memoryHeld() - before).to.be.lessThan((COUNT * 12 * MiB) / 4)
    })
  })

  describe('a consumer that is slow', () => {
    it('makes a fast peer wait: what is held is no more than a few reads', async () => {
      const SIZE = 16 * KiB
      let handled = 0
      let most = 0
      let connection: WebSocketConnection<Uint8Array> | undefined
      const work = (packet: unknown): Observable<0> => {
        handled += (packet as Uint8Array).length
        most = Math.max(most, (connection?.bytesRead ?? 0) - handled)
        return timer(1)
      }
      const server = watch(webSocket.listen({ host, port: 0 }).pipe(consume(work, { concurrency: 1 })), event => {
        if (event.type === 'open') connection = event.connection
      })
      const { listener } = await server.next('listening')
      webSocketFlooder(listener.endpoint.port ?? 0, SIZE)
      await eventually(() => handled >= 300 * SIZE)
      const before = process.memoryUsage().arrayBuffers
      await eventually(() => handled >= 1_000 * SIZE)
      expect(most).to.be.lessThan(MiB)
      expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(32 * MiB)
    })

    it('makes us wait: send says so, bufferedAmount counts it, and drain tells when to go on', async () => {
      const { server, port } = await echo({ highWaterMark: 256 * KiB, lowWaterMark: 64 * KiB, maxBuffered: 64 * MiB })
      const peer = await rawSocketClient(port)
      peer.socket.pause()
      const { connection } = await server.next('open')
      const message = Buffer.alloc(100 * KiB, 7)
      let sent = 0
      const send = (): boolean => {
        sent += 1
        return connection.send(message)
      }
      while (send()) await turns(1)
      expect(connection.bufferedAmount).to.be.within(256 * KiB, 256 * KiB + 2 * message.length)
      expect(server.all('drain')).to.deep.equal([])
      peer.socket.resume()
      await server.next('drain')
      expect(connection.bufferedAmount).to.be.at.most(64 * KiB)
      await peer.until(() => peer.frames.length === sent)
      await eventually(() => connection.bufferedAmount === 0)
      expect(peer.frames.every(({ payload }) => payload.equals(message))).to.equal(true)
      expect(connection.bytesWritten).to.equal(connection.bytesAccepted)
    })

    it('is closed beyond maxBuffered, and the others are not', async () => {
      const { server, port } = await echo({ maxBuffered: MiB })
      const slow = await rawSocketClient(port)
      slow.socket.pause()
      const good = await stranger(port)
      const { connection } = await server.next('open')
      while (connection.send(Buffer.alloc(100 * KiB)) || connection.state === 'open') await turns(1)
      expect((await server.next('close')).error).to.include({ code: 'ERR_SEND_OVERFLOW' })
      good.send('still there')
      await once(good, 'message')
    })
  })

  describe('silence', () => {
    it('is told as 1001 by idleTimeout', async () => {
      const server = watch(webSocket.listen({ host, port: 0 }).pipe(idleTimeout(50)))
      const { listener } = await server.next('listening')
      const client = await stranger(listener.endpoint.port ?? 0)
      expect(await farewell(client)).to.include({ code: 1001 })
      expect(await server.next('close')).to.include({ reason: 'timeout' })
    })
  })

  describe('a handler that throws', () => {
    it('closes its connection with 1011, and the others go on', async () => {
      const server = watch(
        webSocket.listen({ host, port: 0 }).pipe(
          consume((packet, connection) => {
            if (packet === 'bad') throw new Error('a bug')
            connection.send(packet)
            return []
          }),
        ),
      )
      const { listener } = await server.next('listening')
      const [bad, good] = [await stranger(listener.endpoint.port ?? 0), await stranger(listener.endpoint.port ?? 0)]
      const left = farewell(bad)
      bad.send('bad')
      expect(await left).to.include({ code: 1011 })
      expect((await server.next('close')).error).to.include({ code: 'ERR_HANDLER' })
      good.send('good')
      await once(good, 'message')
    })
  })

  describe('unsubscribing', () => {
    it('at any event of either end leaves nothing', async () => {
      for (const side of ['dial', 'listening stream'] as const) {
        const before = await resourcesAtRest()
        for (let index = 0; index < 8; index += 1) {
          let count = 0
          const leave = (leaves: boolean): void => {
            count += Number(leaves)
            if (leaves && count > index) queueMicrotask(() => (side === 'dial' ? client : server).unsubscribe())
          }
          const server = watch(webSocket.listen({ host, port: 0, maxPayload: MiB }), event => {
            if (event.type === 'packet') event.connection.send(event.packet)
            leave(side !== 'dial' && event.type !== 'listening')
          })
          const { listener } = await server.next('listening')
          const client = watch(webSocket.connect(`ws://${host}:${listener.endpoint.port ?? 0}/`), event => {
            if (event.type === 'open') event.connection.send(Buffer.alloc(300_000))
            if (event.type === 'packet') event.connection.close()
            leave(side === 'dial')
          })
          await eventually(() => client.ended !== undefined || (side === 'dial' && count > index))
          server.unsubscribe()
        }
        expect(await resourcesLeft(before), side).to.deep.equal(before)
      }
    })
  })
})
