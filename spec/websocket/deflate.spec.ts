import { constants, deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import { TestScheduler } from 'rxjs/testing'
import type { ConnectionEvent } from 'sluice'
import { webSocket, type DeflateOptions, type WebSocketConnection } from 'sluice/websocket'
import { WebSocket, WebSocketServer, type PerMessageDeflateOptions } from 'ws'
import { memoryHeld } from '../support/memory-taken.js'
import { closeAll, later } from '../support/net/closing.js'
import { eventually, turns } from '../support/net/resources.js'
import { watch, type Watch } from '../support/net/watch.js'
import { rawSocketClient, rawSocketServer, type RawSocket } from '../support/websocket/raw-socket.js'
import { BINARY, TEXT, binary, close, continuation, ping, text, type RawFrame } from '../support/websocket/raw-frame.js'
import { RawPeer, type Packet } from '../support/websocket/raw-peer.js'

const host = '127.0.0.1'
const KiB = 1024
const MiB = 1024 * KiB
const COMPRESSED = 4

type Event = ConnectionEvent<Packet, WebSocketConnection<Packet>>

/** Something that can be compressed, but not to nothing. */
function words(length: number): string {
  let seed = length + 1
  let made = ''
  while (made.length < length) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    made += `word ${seed % 1_000} `
  }
  return made.slice(0, length)
}

/** A message as a peer without memory compresses it: it leaves out the last four bytes. */
function deflated(payload: string | Uint8Array): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
}

function compressed(opcode: number, payload: string | Uint8Array, more: Partial<RawFrame> = {}): RawFrame {
  return { opcode, rsv: COMPRESSED, payload: deflated(payload), ...more }
}

/** Our end, told all it has told, and a raw peer who has agreed to compress. */
interface Pair {
  readonly ours: Watch<Event>
  readonly connection: WebSocketConnection<Packet>
  readonly peer: RawSocket
}

type Settings = {
  readonly deflate?: DeflateOptions | boolean
  readonly maxPayload?: number
  readonly control?: boolean
}

/** What a raw peer offers, or answers. */
function offer({ deflate }: Settings): Readonly<Record<string, string>> {
  const remembers = typeof deflate === 'object' && deflate.takeover === true
  const forgetful = remembers ? '' : '; server_no_context_takeover; client_no_context_takeover'
  return { 'Sec-WebSocket-Extensions': `permessage-deflate${forgetful}` }
}

const pairs: Readonly<Record<'server' | 'client', (options?: Settings) => Promise<Pair>>> = {
  async server(options = {}) {
    const server = watch<Event>(webSocket.listen({ host, port: 0, deflate: true, ...options }))
    const { listener } = await server.next('listening')
    const peer = await rawSocketClient(listener.endpoint.port ?? 0, { headers: offer(options) })
    expect(peer.head).to.match(/permessage-deflate/i)
    const { connection } = await server.next('open')
    return { ours: server, connection, peer }
  },
  async client(options = {}) {
    const server = await rawSocketServer({ headers: offer(options) })
    const client = watch<Event>(webSocket.connect({ url: server.url, deflate: true, ...options }))
    const peer = await server.accept()
    const { connection } = await client.next('open')
    return { ours: client, connection, peer }
  },
}

for (const role of ['server', 'client'] as const) {
  const paired = pairs[role]

  /** What comes is a fault: it is told, and the peer hears a code. */
  const refuses = async (
    parts: readonly (RawFrame | Uint8Array)[],
    code: number,
    error: string,
    options: Settings = {},
  ): Promise<Watch<Event>> => {
    const { ours, peer } = await paired(options)
    peer.sends(...parts)
    expect((await peer.over()).at(-1)).to.equal(`close ${code}`)
    peer.socket.end()
    const closed = await ours.next('close')
    expect(closed.error).to.include({ code: error })
    return ours
  }

  describe(`Compressed messages (RFC 7692), as a ${role}`, () => {
    afterEach(closeAll)

    it('are inflated', async () => {
      const { ours, peer } = await paired()
      const long = words(100_000)
      peer.sends(compressed(TEXT, 'one'), compressed(BINARY, 'two'), compressed(TEXT, long), compressed(TEXT, ''))
      await ours.next('packet', 4)
      expect(ours.packets).to.deep.equal(['one', Buffer.from('two'), long, ''])
    })

    it('are told in their order, beside those that are not compressed and what is between fragments', async () => {
      const { ours, peer } = await paired({ control: true })
      const long = words(200_000)
      const payload = deflated(long)
      peer.sends(
        compressed(TEXT, long),
        text('plain'),
        ping('a'),
        { opcode: TEXT, rsv: COMPRESSED, fin: false, payload: payload.subarray(0, 1_000) },
        ping('b'),
        continuation(payload.subarray(1_000, 1_001), { fin: false }),
        continuation('', { fin: false }),
        continuation(payload.subarray(1_001)),
        binary('last'),
        close(4000),
      )
      await ours.next('end')
      expect(ours.packets).to.deep.equal([
        long,
        'plain',
        { type: 'ping', data: Buffer.from('a') },
        { type: 'ping', data: Buffer.from('b') },
        long,
        Buffer.from('last'),
      ])
      expect(ours.story.at(-1)).to.equal('end')
    })

    it('are told before an end that comes right behind them', async () => {
      for (const last of [[close(4000)], []]) {
        const { ours, peer } = await paired()
        const long = words(300_000)
        peer.sends(compressed(TEXT, long), compressed(TEXT, 'two'), ...last).socket.end()
        const closed = await ours.next('close')
        expect(ours.packets).to.deep.equal([long, 'two'])
        expect(closed.error?.message).to.equal(
          last.length > 0 ? undefined : 'the connection ended without a Close frame',
        )
        expect(closed).to.include({ code: last.length > 0 ? 4000 : 1006 })
      }
    })

    for (const takeover of [false, true]) {
      it(`may each be the last of zlib’s own format, and be followed by others: ${takeover ? 'with' : 'without'} memory`, async () => {
        const { ours, peer } = await paired({ deflate: { takeover } })
        const whole = (words: string): RawFrame => ({
          opcode: TEXT,
          rsv: COMPRESSED,
          payload: Buffer.concat([deflateRawSync(words), Buffer.of(0)]),
        })
        const long = words(100_000)
        peer.sends(
          whole('one'),
          whole('two'),
          compressed(TEXT, 'three'),
          compressed(TEXT, 'four'),
          whole(long),
          whole('six'),
        )
        await ours.next('packet', 6)
        expect(ours.packets).to.deep.equal(['one', 'two', 'three', 'four', long, 'six'])
      })
    }

    it('stop for a pause, and go on', async () => {
      const { ours, connection, peer } = await paired()
      const holder = connection.pause()
      peer.sends(compressed(TEXT, words(100_000)), compressed(TEXT, 'two'), compressed(TEXT, 'three'))
      await turns(50)
      expect(ours.packets).to.deep.equal([])
      holder.unsubscribe()
      await ours.next('packet', 3)
      expect(ours.packets.slice(1)).to.deep.equal(['two', 'three'])
    })

    it('stop for a pause while one is being inflated', async () => {
      const { ours, connection, peer } = await paired()
      const long = words(MiB)
      peer.sends(compressed(TEXT, long), compressed(TEXT, 'two'))
      await eventually(() => connection.bytesRead > 0)
      const holder = connection.pause()
      await turns(200)
      expect(ours.packets).to.deep.equal([])
      holder.unsubscribe()
      await ours.next('packet', 2)
      expect(ours.packets).to.deep.equal([long, 'two'])
    })

    it('that would be longer than maxPayload are refused, before they are', async () => {
      const ours = await refuses(
        [compressed(TEXT, 'one'), compressed(BINARY, Buffer.alloc(100_001, words(5_000)))],
        1009,
        'ERR_MESSAGE_TOO_LONG',
        {
          maxPayload: 100_000,
          deflate: { maxRatio: Infinity },
        },
      )
      expect(ours.packets).to.deep.equal(['one'])
    })

    it('that are bombs are refused by their ratio', async () => {
      const bomb = compressed(BINARY, Buffer.alloc(10 * MiB))
      await refuses([bomb], 1009, 'ERR_MESSAGE_TOO_LONG', { maxPayload: 100 * MiB })
      await refuses([bomb], 1009, 'ERR_MESSAGE_TOO_LONG', { maxPayload: 100 * MiB, deflate: { takeover: true } })
    })

    it('that are small may be of any ratio', async () => {
      const { ours, peer } = await paired()
      peer.sends(compressed(TEXT, 'x'.repeat(64 * KiB)))
      await ours.next('packet')
      expect(ours.packets).to.deep.equal(['x'.repeat(64 * KiB)])
    })

    it('of just maxPayload come through, though they can’t be compressed', async () => {
      const { ours, peer } = await paired({ maxPayload: 100_000 })
      const noise = Buffer.from(
        Array.from({ length: 100_000 }, (_, at) => (Math.imul(at ^ (at >>> 3), 2_654_435_761) >>> 13) & 0xff),
      )
      const payload = deflateRawSync(noise, { level: 0, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
      peer.sends({ opcode: BINARY, rsv: COMPRESSED, payload })
      await ours.next('packet')
      expect(ours.packets).to.deep.equal([noise])
    })

    it('that can’t be inflated are refused', async () => {
      const wrong = { opcode: TEXT, rsv: COMPRESSED, payload: Buffer.alloc(50, 0xff) }
      const ours = await refuses([compressed(TEXT, 'one'), wrong], 1007, 'ERR_MESSAGE_ENCODING')
      expect(ours.packets).to.deep.equal(['one'])
      await refuses([wrong], 1007, 'ERR_MESSAGE_ENCODING', { deflate: { takeover: true } })
    })

    it('that are no UTF-8 are refused', async () => {
      await refuses([compressed(TEXT, Buffer.of(0x61, 0xff))], 1007, 'ERR_MESSAGE_ENCODING')
    })

    it('say so in their first frame, and nowhere else', async () => {
      const first = { opcode: TEXT, rsv: COMPRESSED, fin: false, payload: deflated('one') }
      await refuses([first, continuation('', { rsv: COMPRESSED })], 1002, 'ERR_PROTOCOL')
      await refuses([ping('', { rsv: COMPRESSED })], 1002, 'ERR_PROTOCOL')
      await refuses([{ ...close(1000), rsv: COMPRESSED }], 1002, 'ERR_PROTOCOL')
      for (const rsv of [1, 2, 5, 6, 7]) await refuses([text('one', { rsv })], 1002, 'ERR_PROTOCOL')
    })

    it('are sent where they are long enough, and where it makes them shorter', async () => {
      const { connection, peer } = await paired({ deflate: { threshold: 10 } })
      const noise = Buffer.from(Array.from({ length: 50 }, (_, at) => (at * 151) & 0xff))
      const sent = ['123456789', 'x'.repeat(1_000), noise, words(5_000), '']
      for (const each of sent) connection.send(each)
      connection.close()
      await peer.until(() => peer.frames.length === 6)
      expect(peer.frames.map(({ opcode, rsv }) => [opcode, rsv])).to.deep.equal([
        [TEXT, 0],
        [TEXT, COMPRESSED],
        [BINARY, 0],
        [TEXT, COMPRESSED],
        [TEXT, 0],
        [8, 0],
      ])
      expect(peer.frames[1]?.payload.length).to.be.lessThan(30)
      peer.sends(close(1000))
      await eventually(() => connection.bufferedAmount === 0)
    })

    it('that are being compressed go out before the Close behind them', async () => {
      const { connection, peer } = await paired({ deflate: { threshold: 0 } })
      const sent = [words(MiB), 'two', words(500_000)]
      for (const each of sent) connection.send(each)
      connection.close({ code: 4000 })
      expect(connection.send('late')).to.equal(false)
      await peer.until(() => peer.frames.length === 4)
      expect(peer.frames.map(({ opcode, rsv }) => [opcode, rsv])).to.deep.equal([
        [TEXT, COMPRESSED],
        [TEXT, peer.frames[1]?.rsv],
        [TEXT, COMPRESSED],
        [8, 0],
      ])
    })

    it('that are being compressed when it ends go out before its Close, whatever is said by then', async () => {
      const { connection, peer } = await paired()
      connection.send(words(50_000))
      connection.end()
      connection.close({ code: 4000 })
      await peer.hears(2)
      expect(peer.heard[1]).to.equal('close 1000')
    })

    it('that become longer are counted as what they have become', async () => {
      const { connection, peer } = await paired({ deflate: { takeover: true } })
      const noise = Uint8Array.from({ length: 4_000 }, (_, index) => (index * index * 2_654_435_761) >>> 13)
      connection.send(noise)
      await peer.hears(1)
      const [frame] = peer.frames
      expect(frame?.payload.length).to.be.above(noise.length)
      await eventually(() => connection.bytesWritten === connection.bytesAccepted)
      expect(connection.bytesAccepted).to.equal((frame?.payload.length ?? 0) + (role === 'server' ? 4 : 8))
    })

    it('that are being compressed when it is unsubscribed go out before the Close, too', async () => {
      const { ours, connection, peer } = await paired({ deflate: { threshold: 0 } })
      connection.send(words(MiB))
      ours.unsubscribe()
      await peer.until(() => peer.frames.length === 2)
      expect(peer.heard[1]).to.equal('close 1000')
    })

    it('that are being compressed are lost to destroy, which says so', async () => {
      const { ours, connection, peer } = await paired({ deflate: { threshold: 0 } })
      connection.send(words(MiB))
      connection.destroy()
      const closed = await ours.next('close')
      expect(closed.bytesUnsent).to.be.greaterThan(MiB)
      expect(await peer.over()).to.deep.equal([])
    })
  })
}

describe('Compressed messages, at both ends', () => {
  afterEach(closeAll)

  it('are sent as they are to who has only 256 bytes to look back, which zlib can’t compress for', async () => {
    const server = watch<Event>(webSocket.listen({ host, port: 0, deflate: true }))
    const { listener } = await server.next('listening')
    const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=8' }
    const peer = await rawSocketClient(listener.endpoint.port ?? 0, { headers })
    expect(peer.head).to.match(/server_max_window_bits=8/)
    const { connection } = await server.next('open')
    connection.send(words(4 * KiB))
    await peer.hears(1)
    expect(peer.frames[0]).to.include({ rsv: 0 })
  })

  it('stop the reading of what comes behind them while they are inflated', async () => {
    const forgetful = { takeover: false, windowBits: 15 }
    const deflate = { threshold: 0, maxRatio: 25, level: 6, ours: forgetful, theirs: forgetful }
    const peer = new RawPeer('server', { deflate }, new TestScheduler(() => undefined))
    peer.sends(text('plain'))
    expect(peer.wire.paused).to.equal(false)
    peer.sends(compressed(TEXT, 'compressed'), text('behind'))
    expect([peer.wire.paused, peer.told]).to.deep.equal([true, ['text plain']])
    await eventually(() => peer.told.length === 3)
    expect([peer.wire.paused, peer.told]).to.deep.equal([false, ['text plain', 'text compressed', 'text behind']])
    peer.connection.destroy()
  })

  it('are never taken for bombs, however they repeat themselves, where both ends have the same options', async () => {
    const server = watch(webSocket.listen({ host, port: 0, deflate: true }), event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    const { listener } = await server.next('listening')
    const client = watch(webSocket.connect({ url: `ws://${host}:${listener.endpoint.port ?? 0}/`, deflate: true }))
    const { connection } = await client.next('open')
    const sent = ['x'.repeat(64 * KiB), 'x'.repeat(64 * KiB + 1), 'x'.repeat(MiB), words(MiB)]
    for (const message of sent) connection.send(message)
    await client.next('packet', sent.length)
    expect(client.packets).to.deep.equal(sent)
    expect(connection.bytesRead).to.be.within(64 * KiB + MiB, 2 * MiB)
  })
})

describe('Bombs', () => {
  afterEach(closeAll)

  for (const takeover of [false, true]) {
    it(`leave nothing behind in the error that tells of them: ${takeover ? 'with' : 'without'} memory`, async () => {
      const options = { maxPayload: 8 * MiB, deflate: { maxRatio: Infinity, takeover } }
      const server = watch(webSocket.listen({ host, port: 0, ...options }))
      const { listener } = await server.next('listening')
      const bomb = compressed(BINARY, Buffer.alloc(16 * MiB))
      const wrong = { ...bomb, payload: Buffer.concat([deflated(Buffer.alloc(7 * MiB)), Buffer.alloc(50, 0xff)]) }
      const before = memoryHeld()
      for (const message of [bomb, wrong, bomb, wrong, bomb, wrong, bomb, wrong]) {
        const peer = await rawSocketClient(listener.endpoint.port ?? 0, { headers: offer(options) })
        peer.sends(message)
        expect((await peer.over()).at(-1)).to.equal(message === bomb ? 'close 1009' : 'close 1007')
        peer.socket.destroy()
      }
      await server.next('close', 8)
      await turns(20)
      expect(memoryHeld() - before).to.be.lessThan(8 * MiB)
    })
  }

  it('whose senders leave before it is their turn are nobody’s business any more', async () => {
    const server = watch(webSocket.listen({ host, port: 0, maxPayload: 64 * MiB, deflate: { maxRatio: Infinity } }))
    const { listener } = await server.next('listening')
    const { port = 0 } = listener.endpoint
    const long = compressed(BINARY, Buffer.alloc(32 * MiB))
    const peers = await Promise.all(Array.from({ length: 60 }, () => rawSocketClient(port, { headers: offer({}) })))
    for (const peer of peers) peer.sends(long)
    await eventually(() => server.all('open').every(({ connection }) => connection.bytesRead > 0))
    for (const { socket } of peers) socket.resetAndDestroy()
    await server.next('close', peers.length)
    const good = await rawSocketClient(port, { headers: offer({}) })
    good.sends(compressed(TEXT, 'still there'))
    await server.until(() => server.packets.includes('still there'))
  })
})

// ── the same with ws ──

const variants: Record<string, readonly [ours: DeflateOptions, theirs: PerMessageDeflateOptions]> = {
  'no memory on either side': [{}, {}],
  'memory on both sides': [{ takeover: true }, {}],
  'no memory on our side alone': [{ takeover: true }, { serverNoContextTakeover: true }],
  'no memory on the client’s side alone': [{ takeover: true }, { clientNoContextTakeover: true }],
  'everything compressed': [{ threshold: 0, takeover: true }, { threshold: 0 }],
  'nothing compressed by us': [{ threshold: 10 * MiB }, { threshold: 0 }],
}

for (const bits of [8, 9, 10, 12, 15]) {
  const ours = { takeover: true, threshold: 0 }
  variants[`a client's window of ${bits} bits`] = [ours, { clientMaxWindowBits: bits, threshold: 0 }]
  variants[`a server's window of ${bits} bits`] = [ours, { serverMaxWindowBits: bits, threshold: 0 }]
}

const messages = [
  words(10),
  '',
  '',
  words(2_000),
  '',
  words(100_000),
  Buffer.from(words(70_000)),
  words(2_000),
  words(200_000),
]

describe('Compressed messages, with ws', () => {
  afterEach(closeAll)

  for (const [name, [ours, theirs]] of Object.entries(variants)) {
    it(`as its server: ${name}`, async () => {
      const server = watch(webSocket.listen({ host, port: 0, deflate: ours }), event => {
        if (event.type === 'packet') event.connection.send(event.packet)
      })
      const { listener } = await server.next('listening')
      const { serverMaxWindowBits, ...offer } = theirs
      const client = new WebSocket(`ws://${host}:${listener.endpoint.port ?? 0}/`, {
        perMessageDeflate: { ...offer, ...(serverMaxWindowBits !== undefined && { serverMaxWindowBits }) },
      })
      later(() => {
        client.terminate()
      })
      const echoed = collected(client)
      client.on('open', () => {
        for (const message of messages) client.send(message)
      })
      await eventually(() => echoed.length === messages.length)
      expect(echoed).to.deep.equal(messages)
      expect(server.packets).to.deep.equal(messages)
      expect(client.extensions).to.match(/^permessage-deflate/)
      client.close(4001, 'enough')
      expect(await server.next('close')).to.include({ code: 4001, detail: 'enough', reason: 'remote' })
    })

    it(`as its client: ${name}`, async () => {
      const server = new WebSocketServer({ host, port: 0, perMessageDeflate: theirs })
      later(() => {
        server.close()
        for (const each of server.clients) each.terminate()
      })
      server.on('connection', socket => {
        socket.on('message', (data: Buffer, isBinary) => {
          socket.send(isBinary ? data : data.toString())
        })
      })
      await eventually(() => server.address() !== null)
      const { port } = server.address() as { readonly port: number }
      const client = watch(webSocket.connect({ url: `ws://${host}:${port}/`, deflate: ours }))
      const { connection } = await client.next('open')
      for (const message of messages) connection.send(message)
      await client.next('packet', messages.length)
      expect(client.packets).to.deep.equal(messages)
      connection.close({ code: 4002 })
      expect(await client.over()).to.equal(undefined)
      expect(client.all('close')[0]).to.include({ code: 4002, reason: 'local' })
    })
  }
})

function collected(socket: WebSocket): (string | Buffer)[] {
  const messages: (string | Buffer)[] = []
  socket.on('message', (data: Buffer, isBinary) => messages.push(isBinary ? data : data.toString()))
  return messages
}
