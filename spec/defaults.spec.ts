import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { asyncScheduler, concat, from, NEVER, of, Subject, type OperatorFunction } from 'rxjs'
import sinon from 'sinon'
import {
  consume,
  exponential,
  firstPacket,
  heartbeat,
  idleTimeout,
  iterate,
  sendAll,
  type Connection,
  type ConnectionEvent,
  type PacketEvent,
  type TypedEvent,
} from 'sluice'
import { delimiter, erlangPacket, lengthField, lines, netstring, reader, varint, type Codec } from 'sluice/framing'
import { tcp, type TcpTarget } from 'sluice/net'
import { recordingConnection } from 'sluice/testing'
import { webSocket } from 'sluice/websocket'
import { CLIENT_HANDSHAKE_TIMEOUT, SERVER_HANDSHAKE_TIMEOUT } from '#src/net/tls-options.js'
import { deflateDefaults, deflateOf } from '#src/websocket/node/message-options.js'
import { limitsOf } from '#src/websocket/node/protocol/wire-settings.js'
import { Negotiations } from '#src/websocket/node/server/negotiations.js'
import { codeOf } from './support/byte-wire.js'
import { run as decoded } from './support/decoding.js'
import { diary } from './support/diary.js'
import { draw } from './support/draw.js'
import { fakeOpen, type FakeDial } from './support/fake-wire.js'
import { closeAll, later } from './support/net/closing.js'
import { watch } from './support/net/watch.js'

const KiB = 1024
const MiB = 1024 * KiB

type Events = ConnectionEvent<string, Connection<string>>

describe('By default', () => {
  describe('a connection', () => {
    it('has no room from 64 KiB on, and again at 16 KiB', () => {
      const { connection, line, told } = fakeOpen()
      expect(connection.send('a'.repeat(64 * KiB - 1))).to.equal(true)
      expect(connection.send('a')).to.equal(false)
      line.written(48 * KiB - 1)
      expect(told).to.deep.equal([])
      line.written(1)
      expect(told).to.deep.equal(['drain'])
      connection.destroy()
    })

    it('is destroyed where more than 16 MiB would wait', () => {
      const { connection } = fakeOpen()
      connection.send('a'.repeat(16 * MiB))
      expect(connection.state).to.equal('open')
      connection.send('a')
      expect(connection.state).to.equal('closed')
    })

    it('answers the peer’s end with its own', () => {
      const { wire, line } = fakeOpen()
      line.ended()
      expect(wire.asked).to.deep.equal(['end'])
      wire.destroy()
    })

    it('may take 5 s to close', () => {
      const closing = lived(({ connection }) => {
        connection.close()
      })
      expect(closing).to.deep.equal(['5000 close local ERR_CLOSE_TIMEOUT'])
    })

    it('may be unable to write for 30 s', () => {
      const stalled = lived(({ connection, line }) => {
        connection.send('a')
        line.blocked()
      })
      expect(stalled).to.deep.equal(['30000 close timeout ERR_WRITE_TIMEOUT, 1 unsent'])
    })
  })

  describe('a dial', () => {
    afterEach(() => {
      sinon.restore()
    })

    it('may take 5 s to resolve', () => {
      expect(deadlines({ host: 'sluice.test', port: 1, lookup: () => undefined })).to.deep.equal([5_000])
    })

    it('may take 10 s to connect', () => {
      expect(deadlines({ host: '127.0.0.1', port: 1 })).to.deep.equal([10_000])
    })

    it('tries each of several addresses for 1 s', () => {
      const connect = sinon.spy(Socket.prototype, 'connect')
      deadlines({ host: '127.0.0.1', port: 1 })
      const [[options]] = connect.firstCall.args as unknown as [[object]]
      expect(options).to.include({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1_000 })
    })

    it('may take 10 s for its handshake, and who listens gives 5 s', () => {
      expect([CLIENT_HANDSHAKE_TIMEOUT, SERVER_HANDSHAKE_TIMEOUT]).to.deep.equal([10_000, 5_000])
    })
  })

  describe('a frame', () => {
    const zeros = (size: number) => new Uint8Array(size)
    const headed = (...header: readonly number[]) => Uint8Array.from(header)
    const text = (written: string) => new Uint8Array(Buffer.from(written))
    /** The start of a frame that is as long as may be, and of one that is longer by a byte. */
    const frames: Readonly<Record<string, readonly [Codec<unknown, never>, Uint8Array, Uint8Array]>> = {
      'lengthField, 1 MiB': [lengthField(), headed(0, 0x0f, 0xff, 0xfc), headed(0, 0x0f, 0xff, 0xfd)],
      'varint, 1 MiB': [varint(), headed(0xfd, 0xff, 0x3f), headed(0xfe, 0xff, 0x3f)],
      'netstring, 1 MiB': [netstring(), text('1048567:'), text('1048568:')],
      'delimiter, 1 MiB': [delimiter({ delimiters: [';'] }), zeros(MiB - 1), zeros(MiB)],
      'erlangPacket, 1 MiB': [erlangPacket(4), headed(0, 0x0f, 0xff, 0xfc), headed(0, 0x0f, 0xff, 0xfd)],
      'lines, 64 KiB': [lines({ tail: 'error' }), zeros(64 * KiB), zeros(64 * KiB + 1)],
    }
    for (const [name, [codec, longest, longer]] of Object.entries(frames)) {
      it(`has a bound: ${name}`, () => {
        expect(decoded(codec, longest).fault).to.equal('ERR_FRAME_TRUNCATED')
        expect(decoded(codec, longer).fault).to.equal('ERR_FRAME_TOO_LONG')
      })
    }

    it('that a reader is asked for may have 1 MiB', () => {
      const failures: string[] = []
      for (const size of [MiB, MiB + 1]) {
        const read = reader(NEVER).exactly(size)
        read.subscribe({ error: (error: unknown) => failures.push(`${size} ${codeOf(error)}`) })
      }
      expect(failures).to.deep.equal([`${MiB + 1} ERR_FRAME_TOO_LONG`])
    })
  })

  describe('a WebSocket', () => {
    afterEach(closeAll)

    it('takes messages of 1 MiB in 1 024 fragments, and 100 pings in a second', () => {
      expect(limitsOf({})).to.deep.equal({ maxPayload: MiB, maxFragments: 1_024, maxPings: 100 })
    })

    it('compresses nothing; if it is to, what has 1 KiB, without memory, and it inflates to 25 times as much', () => {
      expect(deflateOf({})).to.equal(undefined)
      expect(deflateDefaults).to.deep.equal({ threshold: KiB, maxRatio: 25, takeover: false, level: 6 })
    })

    it('may take 10 s for its handshakes, and is given 5 s by who listens', async () => {
      const schedule = sinon.spy(asyncScheduler, 'schedule')
      later(() => {
        schedule.restore()
      })
      const delays = () => schedule.args.map(([, delay]) => delay)
      const server = watch(webSocket.listen({ port: 0, host: '127.0.0.1' }))
      const { listener } = await server.next('listening')
      const client = watch(
        webSocket.connect({ url: `ws://127.0.0.1:${listener.endpoint.port}`, connectTimeout: 7_000 }),
      )
      await Promise.all([client.next('open'), server.next('open')])
      expect(delays()).to.have.members([7_000, 10_000, 5_000])
    })

    it('is decided upon within 5 s, while 1 024 are', () => {
      const told = diary(({ write }) => {
        const negotiations = new Negotiations(() => NEVER, {})
        for (let asked = 1; asked <= 1_025; asked += 1)
          negotiations.start({} as IncomingMessage, {
            decided: answer => {
              write(`${asked} ${answer.accept ? 101 : answer.status}`)
            },
            failed: () => undefined,
          })
      })
      expect(told.slice(0, 2)).to.deep.equal(['0 1025 503', '5000 1 503'])
      expect(told).to.have.length(1_025)
    })
  })

  it('heartbeat pings after 25 s of silence, and waits 20 s', () => {
    const beat = heartbeat<Events>({ ping: () => '?', random: () => 0 })
    expect(silent(beat, 100_000)).to.deep.equal(['25000 send', '45000 no sign of life within 20000 ms of a ping'])
  })

  it('firstPacket waits 15 s, and idleTimeout a minute', () => {
    expect(silent(firstPacket(), 100_000)).to.deep.equal(['15000 no packet within 15000 ms'])
    expect(silent(idleTimeout(), 100_000)).to.deep.equal(['60000 nothing has arrived for 60000 ms'])
  })

  it('exponential waits 200 ms, twice as long each time, 30 s at most, all of it spread, and 20 ms at least', () => {
    const delays = (chance: number) => draw(9, exponential({ random: () => chance }))
    expect(delays(1)).to.deep.equal([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000])
    expect(delays(0)).to.deep.equal(Array.from({ length: 9 }, () => 20))
  })

  it('sendAll lets 1 024 packets and 1 MiB wait', () => {
    const waits = (count: number, packet: string) => {
      const connection = recordingConnection<string>({ answer: false })
      concat(of({ type: 'open', connection, session: 1 } as const), NEVER)
        .pipe(sendAll(() => concat(of('first'), from(Array<string>(count).fill(packet)), NEVER), { overflow: 'fail' }))
        .subscribe()
        .unsubscribe()
      return connection.state
    }
    expect([waits(1_024, ''), waits(1_025, '')]).to.deep.equal(['open', 'closed'])
    expect([waits(1_024, 'a'.repeat(KiB)), waits(1, 'a'.repeat(MiB + 1))]).to.deep.equal(['open', 'closed'])
  })

  it('consume handles one packet, and holds the connection while 16 wait', () => {
    const { connection, packets, feed } = fed()
    let begun = 0
    packets
      .pipe(
        consume(() => {
          begun += 1
          return NEVER
        }),
      )
      .subscribe()
    feed(16)
    expect([begun, connection.paused]).to.deep.equal([1, false])
    feed(1)
    expect([begun, connection.paused]).to.deep.equal([1, true])
  })

  it('iterate holds the connection while 16 packets wait', async () => {
    const { connection, packets, feed } = fed()
    const loop = iterate(packets)[Symbol.asyncIterator]()
    const first = loop.next()
    feed(1)
    await first
    feed(15)
    expect(connection.paused).to.equal(false)
    feed(1)
    expect(connection.paused).to.equal(true)
    await loop.return?.()
  })
})

/** What an open connection tells after something was done with it, and when. */
function lived(task: (dialled: FakeDial) => void): readonly string[] {
  return diary(({ write }) => {
    const dialled = fakeOpen({}, event => {
      if (event.type === 'close') write(dialled.told.at(-1) ?? '')
    })
    task(dialled)
  })
}

/** The deadlines that a dial sets before it has heard anything. */
function deadlines(target: TcpTarget): unknown[] {
  const schedule = sinon.spy(asyncScheduler, 'schedule')
  tcp
    .connect(target)
    .subscribe({ error: () => undefined })
    .unsubscribe()
  const delays = schedule.args.map(([, delay]) => delay)
  schedule.restore()
  return delays
}

/** What is asked of a connection that is open and silent, and when. */
function silent(operator: OperatorFunction<Events, TypedEvent>, until: number): readonly string[] {
  return diary(({ watch, write }) => {
    const connection = recordingConnection<string>()
    connection.asked.subscribe(asked => {
      write(asked.call === 'destroy' ? String(asked.error?.message) : asked.call)
    })
    watch(concat(of({ type: 'open', connection, session: 1 } as const), NEVER).pipe(operator), until, () => {})
  })
}

/** A connection, and packets of it that the test tells. */
function fed() {
  const connection = recordingConnection<string>()
  const packets = new Subject<PacketEvent<string, Connection<string>>>()
  const feed = (count: number): void => {
    for (let told = 0; told < count; told += 1) packets.next({ type: 'packet', connection, packet: 'a' })
  }
  return { connection, packets, feed }
}
