import { expect } from 'chai'
import fc from 'fast-check'
import {
  EMPTY,
  Observable,
  Subject,
  Subscription,
  identity,
  merge,
  of,
  tap,
  type Observer,
  type OperatorFunction,
} from 'rxjs'
import { SluiceError, type Connection, type ConnectionEvent } from 'sluice'
import {
  decode,
  encode,
  fixed,
  framed,
  lengthField,
  lines,
  mapCodec,
  raw,
  switchable,
  type Codec,
  type Framed,
} from 'sluice/framing'
import { recordingConnection } from 'sluice/testing'
import { handOver, handover } from '#src/connection/handover.js'
import { bound, codeOf, dialled, reasonOf, story } from '../support/byte-wire.js'
import { check } from '../support/property.js'

type Event = Framed<ConnectionEvent, string, string>
type ByteFrame = Framed<ConnectionEvent, Uint8Array, Uint8Array>
type LineConnection = Connection<string>

/** A framed dial that is open, with what it has told so far. */
function opened(
  codec: Parameters<typeof framed<string, string, ConnectionEvent>>[0] = lines(),
  {
    react,
    ...options
  }: Parameters<typeof dialled>[0] & { readonly react?: (event: Event, subscription: Subscription) => void } = {},
) {
  const { stream, wire } = dialled(options)
  const events: Event[] = []
  let failure: unknown
  let completed = false
  const subscription = new Subscription()
  subscription.add(
    stream.pipe(framed(codec)).subscribe({
      next(event) {
        events.push(event)
        react?.(event, subscription)
      },
      error: (error: unknown) => (failure = error),
      complete: () => (completed = true),
    }),
  )
  wire().line.opened()
  const connection = (events[0] as { connection: LineConnection }).connection
  return {
    events,
    connection,
    subscription,
    wire: wire(),
    told: () => story(events),
    packets: () => events.flatMap(event => (event.type === 'packet' ? [event.packet] : [])),
    failure: () => failure,
    completed: () => completed,
  }
}

/** A framed stream whose events the test makes up; a packet `hold` pauses its connection. */
function played() {
  const events = new Subject<ConnectionEvent>()
  const connection = recordingConnection()
  const told: string[] = []
  let handle: LineConnection | undefined
  let hold: Subscription | undefined
  const subscription = events.pipe(framed(lines())).subscribe(event => {
    told.push(...story([event]))
    if ('connection' in event) handle = event.connection
    if (event.type === 'packet' && event.packet === 'hold') hold = event.connection.pause()
  })
  return { events, connection, told, subscription, framed: () => handle, letGo: () => hold?.unsubscribe() }
}

describe('framed', () => {
  it('tells packets in the place of chunks, and all other events as they are', () => {
    const { wire, told, completed } = opened()
    wire.receive('one\ntw', 'o\nthree')
    wire.finish()
    expect(told()).to.deep.equal([
      'connecting',
      'open',
      'packet one',
      'packet two',
      'packet three',
      'end',
      'close remote',
    ])
    expect(completed()).to.equal(true)
  })

  it('tells nothing of a chunk that completes no packet', () => {
    const { wire, told } = opened()
    wire.receive('on')
    expect(told()).to.deep.equal(['connecting', 'open'])
  })

  it('gives all events of a connection the same handle, which keeps its identity', () => {
    const { events, wire, connection } = opened()
    wire.receive('one\ntwo\n')
    wire.finish()
    expect(events.every(event => 'connection' in event && event.connection === connection)).to.equal(true)
    expect(connection.state).to.equal('closed')
    expect(connection.remote).to.deep.equal({ address: 'peer' })
    expect(connection.bytesRead).to.equal(8)
  })

  it('keeps the decoders of connections apart', () => {
    const { stream, accept } = bound()
    const events: Event[] = []
    stream.pipe(framed(lines())).subscribe(event => events.push(event))
    const [one, other] = [accept(), accept()]
    one.receive('a', 'b')
    other.receive('1', '2\n')
    one.receive('c\n')
    expect(story(events)).to.deep.equal(['open', 'open', 'packet 12', 'packet abc'])
    expect(events[2]).to.have.property('connection', (events[1] as { connection: LineConnection }).connection)
  })

  it('has decoders of its own for each subscription', () => {
    const events = new Subject<ConnectionEvent>()
    const connection = recordingConnection()
    const stream = events.pipe(framed(lines()))
    const told: string[][] = [[], []]
    for (const list of told) stream.subscribe(event => list.push(...story([event])))
    for (const chunk of ['a', 'b\n']) events.next({ type: 'packet', connection, packet: Buffer.from(chunk) })
    expect(told).to.deep.equal([['packet ab'], ['packet ab']])
  })

  it('passes events of other operators, with the connection of packets where they have one', () => {
    const connection = recordingConnection()
    const source = of({ type: 'beat', connection, rtt: 5 } as const, { type: 'tick' } as const)
    const events: unknown[] = []
    source.pipe(framed(lines())).subscribe(event => {
      events.push(event)
      if (event.type === 'beat') event.connection.send('pong')
    })
    expect(events).to.have.length(2)
    expect(events[0]).to.include({ type: 'beat', rtt: 5 })
    expect(events[1]).to.deep.equal({ type: 'tick' })
    expect(connection.sent).to.deep.equal([Buffer.from('pong\n')])
  })

  it('asks for the codec of each connection, when it needs one', () => {
    const asked: (string | undefined)[] = []
    const { wire, connection, packets } = opened(inner => {
      asked.push(inner.remote?.address)
      return lines()
    })
    expect(asked).to.deep.equal([])
    connection.send('a')
    wire.receive('b\n', 'c\n')
    expect(asked).to.deep.equal(['peer'])
    expect(packets()).to.deep.equal(['b', 'c'])
  })

  it('asks for no codec of a connection that is let go before it is open, as nothing is known of it yet', () => {
    const asked: string[] = []
    const { stream, wire } = dialled()
    stream
      .pipe(
        framed(({ state }) => {
          asked.push(state)
          return lines()
        }),
      )
      .subscribe(event => {
        if (event.type === 'connecting') event.connection.pause().unsubscribe()
      })
    wire().line.opened()
    wire().receive('a\n')
    expect(asked).to.deep.equal(['open'])
  })

  it('completes and errors as its source does', () => {
    const outcome = (source: Observable<ConnectionEvent>) => {
      const told: string[] = []
      source
        .pipe(framed(lines()))
        .subscribe({ error: (error: unknown) => told.push(reasonOf(error)), complete: () => told.push('complete') })
      return told
    }
    expect(outcome(EMPTY)).to.deep.equal(['complete'])
    const failing = new Subject<ConnectionEvent>()
    const told: string[] = []
    failing.pipe(framed(lines())).subscribe({ error: (error: unknown) => told.push(reasonOf(error)) })
    failing.error(new Error('gone'))
    expect(told).to.deep.equal(['gone'])
  })

  describe('sending', () => {
    it('encodes', () => {
      const { connection, wire } = opened()
      expect(connection.send('hello')).to.equal(true)
      expect(wire.text).to.equal('hello\n')
    })

    it('answers what the connection answers, and tells its drain', () => {
      const { connection, wire, told } = opened(lines(), { highWaterMark: 8, lowWaterMark: 2 })
      expect(connection.send('a')).to.equal(true)
      expect(connection.send('much more')).to.equal(false)
      expect(connection.bufferedAmount).to.equal(12)
      wire.drain()
      expect(told().at(-1)).to.equal('drain')
    })

    it('answers that there is room for a packet of no bytes, once there is room again', () => {
      const { connection, wire } = opened(mapCodec(raw(), text, bytes), { highWaterMark: 1, lowWaterMark: 1 })
      expect(connection.send('a')).to.equal(false)
      wire.drain()
      expect(connection.send('')).to.equal(true)
    })

    it('takes nothing while the connection is not open', () => {
      const encoded: string[] = []
      const { connection, wire } = opened(mapCodec(lines(), String, (line: string) => (encoded.push(line), line)))
      connection.end()
      expect(connection.send('late')).to.equal(false)
      connection.destroy()
      expect(connection.send('later')).to.equal(false)
      expect([wire.text, encoded]).to.deep.equal(['', []])
    })

    it('throws at the sender what can not be encoded, before a byte of it is out, and goes on', () => {
      const { connection, wire, told } = opened()
      expect(() => connection.send('a\nb')).to.throw(RangeError)
      expect(() => connection.send(1 as unknown as string)).to.throw(TypeError)
      expect(wire.text).to.equal('')
      connection.send('fine')
      expect(wire.text).to.equal('fine\n')
      expect(told()).to.deep.equal(['connecting', 'open'])
    })

    it('closes a connection on which half a packet is out, and throws', () => {
      const torn: Codec<string> = {
        decoder: () => lines().decoder(),
        encode(packet, write) {
          write(Buffer.from(packet))
          throw new Error('torn')
        },
      }
      const { connection, told } = opened(torn)
      expect(() => connection.send('half')).to.throw('torn')
      expect(told().at(-1)).to.equal('close error ERR_HANDLER')
    })

    it('copies small pieces, unless the connection does', () => {
      const header = new Uint8Array(4)
      const reusing: Codec<string> = {
        decoder: () => lines().decoder(),
        encode(packet, write) {
          header.fill(packet.length)
          write(header)
          write(new Uint8Array(65).fill(packet.length))
        },
      }
      const careless = opened(reusing)
      careless.connection.send('a')
      careless.connection.send('bb')
      expect(careless.wire.given.map(([first]) => first)).to.deep.equal([1, 1, 2, 2])
      expect(careless.wire.given).not.to.include(header)

      const copying = opened(reusing, { copies: 64 })
      copying.connection.send('a')
      expect(copying.wire.given[0]).to.equal(header)
      expect(copying.wire.written.map(([first]) => first)).to.deep.equal([1, 1])
    })

    it('keeps the pieces of a packet together, whatever is sent in answer to the first', () => {
      // The first piece makes room, its drain is told, and who hears of it sends at once.
      const { connection, wire } = opened(lengthText(), {
        highWaterMark: 6,
        lowWaterMark: 2,
        react: event => {
          if (event.type === 'drain') connection.send('x')
        },
      })
      const write = wire.write.bind(wire)
      expect(connection.send('longer')).to.equal(false)
      wire.write = packet => {
        write(packet)
        wire.drain()
      }
      connection.send('two')
      expect(wire.text).to.equal('\x06longer\x03two\x01x')
    })
  })

  describe('pausing', () => {
    it('stops between two packets of a chunk and goes on with the rest before anything new', () => {
      let hold: Subscription | undefined
      const { wire, packets, connection } = opened(lines(), {
        react: event => {
          if (event.type === 'packet' && event.packet === 'b') hold = event.connection.pause()
        },
      })
      wire.receive('a\nb\nc\nd')
      expect(packets()).to.deep.equal(['a', 'b'])
      expect([connection.paused, wire.paused]).to.deep.equal([true, true])
      wire.receive('d\ne\n')
      expect(packets()).to.deep.equal(['a', 'b'])
      hold?.unsubscribe()
      expect(packets()).to.deep.equal(['a', 'b', 'c', 'dd', 'e'])
      expect([connection.paused, wire.paused]).to.deep.equal([false, false])
    })

    it('reads on only when the rest is told', () => {
      const { wire, packets, connection } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') holds.push(event.connection.pause())
        },
      })
      const holds: Subscription[] = []
      wire.receive('a\nb\n', 'c\n')
      for (const [index, expected] of [['a'], ['a', 'b'], ['a', 'b', 'c']].entries()) {
        expect(packets()).to.deep.equal(expected)
        expect(wire.paused).to.equal(true)
        holds[index]?.unsubscribe()
      }
      expect([connection.paused, wire.paused]).to.deep.equal([false, false])
    })

    it('lasts until the last holder has let go', () => {
      const { wire, packets, connection } = opened()
      const [one, other] = [connection.pause(), connection.pause()]
      one.unsubscribe()
      one.unsubscribe()
      wire.receive('a\n')
      expect(packets()).to.deep.equal([])
      other.unsubscribe()
      expect(packets()).to.deep.equal(['a'])
    })

    it('goes on at once where it is let go in the same breath', () => {
      const { wire, packets } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') event.connection.pause().unsubscribe()
        },
      })
      wire.receive('a\nb\n', 'c\n')
      expect(packets()).to.deep.equal(['a', 'b', 'c'])
    })

    it('holds the end behind packets, and its answer', () => {
      let hold: Subscription | undefined
      const { wire, told } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') hold = event.connection.pause()
        },
      })
      wire.receive('a\nb\nlast')
      wire.finish()
      expect(wire.ended).to.equal(false)
      hold?.unsubscribe()
      hold?.unsubscribe()
      expect([told().at(-1), wire.ended]).to.deep.equal(['packet last', false])
      hold?.unsubscribe()
      expect(told().slice(2)).to.deep.equal(['packet a', 'packet b', 'packet last', 'end', 'close remote'])
    })

    it('lets replies to the last packet out although the peer has finished', () => {
      let hold: Subscription | undefined
      const { wire, connection, told } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') hold = event.connection.pause()
        },
      })
      wire.receive('last')
      wire.finish()
      expect(told().at(-1)).to.equal('packet last')
      expect(connection.send('reply')).to.equal(true)
      hold?.unsubscribe()
      expect(wire.text).to.equal('reply\n')
      expect(told().slice(-2)).to.deep.equal(['end', 'close remote'])
    })

    it('is over with a failure, which is told at once and loses the rest', () => {
      const { wire, told } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') event.connection.pause()
        },
      })
      wire.receive('a\nb\n')
      wire.line.closed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
      expect(told().slice(2)).to.deep.equal(['packet a', 'close error ECONNRESET'])
    })

    it('is over with a failure that somebody tells of a connection that is still held', () => {
      const { told, events, connection } = played()
      events.next({ type: 'packet', connection, packet: Buffer.from('hold\nb\n') })
      events.next({ type: 'close', connection, reason: 'error', error: new Error('lost'), bytesUnsent: 0 })
      expect(told).to.deep.equal(['packet hold', 'close error undefined'])
    })

    const layers: Readonly<Record<string, OperatorFunction<ConnectionEvent, ByteFrame>>> = {
      'the connection below': identity,
      'one between that and the connection below': framed(fixed({ length: 4 })),
    }
    for (const [what, layer] of Object.entries(layers)) {
      it(`is over when ${what} is destroyed`, () => {
        const { stream, wire } = dialled()
        let below: Connection | undefined
        const told: string[] = []
        stream
          .pipe(
            layer,
            tap(event => {
              if (event.type === 'open') below = event.connection
            }),
            framed(lines()),
          )
          .subscribe(event => {
            told.push(...story([event]))
            if (event.type === 'packet') event.connection.pause()
          })
        wire().line.opened()
        wire().receive('a\nb\n')
        below?.destroy()
        expect(told.slice(2)).to.deep.equal(['packet a', 'close local'])
        expect(below?.paused).to.equal(false)
      })
    }

    it('of one connection leaves the others alone', () => {
      const { stream, accept } = bound()
      const told: string[] = []
      stream.pipe(framed(lines())).subscribe(event => {
        told.push(...story([event]))
        if (event.type === 'packet' && event.packet === 'hold') event.connection.pause()
      })
      const [one, other] = [accept(), accept()]
      one.receive('hold\nnever\n')
      other.receive('a\nb\n')
      expect(told.slice(2)).to.deep.equal(['packet hold', 'packet a', 'packet b'])
    })

    it('does nothing on a connection that is over', () => {
      const { connection, wire } = opened()
      connection.destroy()
      expect(connection.pause().closed).to.equal(true)
      expect(wire.destroyed).to.equal(true)
    })

    it('lets a source complete only behind what waits', () => {
      const connection = recordingConnection()
      const packet = (text: string) => ({ type: 'packet', connection, packet: Buffer.from(text) }) as const
      const close = { type: 'close', connection, reason: 'remote', bytesUnsent: 0 } as const
      const told: string[] = []
      let hold: Subscription | undefined
      of<ConnectionEvent[]>(
        { type: 'open', connection, session: 1 },
        packet('a\nb\n'),
        packet('c\nd'),
        { type: 'end', connection },
        close,
      )
        .pipe(framed(lines()))
        .subscribe({
          next(event) {
            told.push(...story([event]))
            if (event.type === 'packet' && event.packet === 'a') hold = event.connection.pause()
          },
          complete: () => told.push('complete'),
        })
      expect(told).to.deep.equal(['open', 'packet a'])
      hold?.unsubscribe()
      expect(told.slice(2)).to.deep.equal(['packet b', 'packet c', 'packet d', 'end', 'close remote', 'complete'])
    })
  })

  it('tells nothing of what still waits for its turn on a connection that is destroyed', () => {
    const source = new Subject<ConnectionEvent>()
    const [one, other] = [recordingConnection(), recordingConnection()]
    const told: string[] = []
    source.pipe(framed(lines())).subscribe(event => {
      told.push(...story([event]))
      if (event.type !== 'packet') return
      if (event.packet === 'b') event.connection.destroy()
      if (event.packet !== 'a') return
      for (const packet of ['b\n', 'c\n']) source.next({ type: 'packet', connection: other, packet: bytes(packet) })
    })
    source.next({ type: 'packet', connection: one, packet: bytes('a\n') })
    expect(told).to.deep.equal(['packet a', 'packet b'])
  })

  it('completes behind what another connection was told of meanwhile, and behind its pause', () => {
    const source = new Subject<ConnectionEvent>()
    const [one, other] = [recordingConnection(), recordingConnection()]
    const told: string[] = []
    let hold: Subscription | undefined
    source.pipe(framed(lines())).subscribe({
      next(event) {
        told.push(...story([event]))
        if (event.type !== 'packet') return
        if (event.packet === 'b') hold = event.connection.pause()
        if (event.packet !== 'a') return
        source.next({ type: 'packet', connection: other, packet: Buffer.from('b\nc\n') })
        source.complete()
      },
      complete: () => told.push('complete'),
    })
    source.next({ type: 'packet', connection: one, packet: Buffer.from('a\n') })
    expect(told).to.deep.equal(['packet a', 'packet b'])
    hold?.unsubscribe()
    expect(told).to.deep.equal(['packet a', 'packet b', 'packet c', 'complete'])
  })

  it('keeps the order of what it is told although it waits', () => {
    const { events, connection, told, framed, letGo } = played()
    events.next({ type: 'open', connection, session: 1 })
    const hold = framed()?.pause()
    events.next({ type: 'packet', connection, packet: Buffer.from('hold') })
    events.next({ type: 'end', connection })
    events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
    hold?.unsubscribe()
    expect(told).to.deep.equal(['open', 'packet hold'])
    letGo()
    expect(told.slice(2)).to.deep.equal(['end', 'close remote'])
    expect(framed()?.pause().closed).to.equal(true)
  })

  it('takes nothing of a source that goes on after its last word', () => {
    const connection = recordingConnection()
    const told: string[] = []
    const chatter = (observer: Observer<ConnectionEvent>) => {
      observer.next({ type: 'open', connection, session: 1 })
      observer.complete()
      for (const text of ['late\n', 'later\n']) observer.next({ type: 'packet', connection, packet: Buffer.from(text) })
    }
    new Observable(chatter).pipe(framed(lines())).subscribe({
      next: event => told.push(...story([event])),
      error: () => told.push('error'),
      complete: () => told.push('complete'),
    })
    expect(told).to.deep.equal(['open', 'complete'])
  })

  describe('inside next', () => {
    it('destroying tells nothing more of the chunk, only the close', () => {
      const { wire, told, completed } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') event.connection.destroy()
        },
      })
      wire.receive('a\nb\n')
      expect(told().slice(2)).to.deep.equal(['packet a', 'close local'])
      expect(completed()).to.equal(true)
    })

    it('destroying on a connection that had waited tells its close', () => {
      const { wire, told } = opened(lines(), {
        react: event => {
          if (event.type !== 'packet') return
          event.connection.pause()
          event.connection.destroy(new SluiceError('ERR_IDLE_TIMEOUT', 'enough'))
        },
      })
      wire.receive('a\nb\n')
      wire.finish()
      expect(told().slice(2)).to.deep.equal(['packet a', 'close timeout ERR_IDLE_TIMEOUT'])
    })

    it('destroying tells at once a close that has waited', () => {
      const { told, events, connection, framed } = played()
      events.next({ type: 'packet', connection, packet: Buffer.from('hold\nb\n') })
      events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
      expect(told).to.deep.equal(['packet hold'])
      framed()?.destroy()
      expect(told).to.deep.equal(['packet hold', 'close remote'])
    })

    it('closing still tells the packets that arrive', () => {
      const { wire, told } = opened(lines(), {
        react: event => {
          if (event.type === 'packet' && event.packet === 'a') event.connection.close()
        },
      })
      wire.receive('a\nb\n')
      wire.receive('c')
      wire.finish()
      expect(told().slice(2)).to.deep.equal(['packet a', 'packet b', 'packet c', 'end', 'close local'])
    })

    it('unsubscribing is silent at once, and closes', () => {
      const { wire, packets, connection } = opened(lines(), {
        react: (event, subscription) => {
          if (event.type === 'packet') subscription.unsubscribe()
        },
      })
      wire.receive('a\nb\n')
      wire.receive('c\n')
      expect(packets()).to.deep.equal(['a'])
      expect([wire.ended, wire.paused]).to.deep.equal([true, false])
      expect(connection.send('late')).to.equal(false)
    })

    it('unsubscribing decodes nothing more', () => {
      const decoded: string[] = []
      const { wire } = opened(
        mapCodec(lines(), line => (decoded.push(line), line), String),
        {
          react: (event, subscription) => {
            if (event.type === 'packet') subscription.unsubscribe()
          },
        },
      )
      wire.receive('a\nb\n')
      expect(decoded).to.deep.equal(['a'])
    })

    it('unsubscribing lets go of a connection that others go on with', () => {
      const { events, connection, subscription } = played()
      events.next({ type: 'packet', connection, packet: Buffer.from('hold\nb\n') })
      expect(connection.paused).to.equal(true)
      subscription.unsubscribe()
      expect(connection.paused).to.equal(false)
    })

    it('unsubscribing lets go of what was held', () => {
      const { wire, subscription } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') event.connection.pause()
        },
      })
      wire.receive('a\nb\n')
      subscription.unsubscribe()
      expect(wire.paused).to.equal(false)
    })

    it('letting another connection go tells its packets when next has returned', () => {
      const { stream, accept } = bound()
      const told: string[] = []
      let hold: Subscription | undefined
      stream.pipe(framed(lines())).subscribe(event => {
        if (event.type !== 'packet') return
        told.push(`${event.packet} begins`)
        if (event.packet === 'hold') hold = event.connection.pause()
        if (event.packet === 'go') hold?.unsubscribe()
        told.push(`${event.packet} is done`)
      })
      const [one, other] = [accept(), accept()]
      one.receive('hold\nheld\n')
      other.receive('go\non\n')
      expect(told.filter(line => line.endsWith('begins'))).to.deep.equal([
        'hold begins',
        'go begins',
        'on begins',
        'held begins',
      ])
      for (let index = 0; index < told.length; index += 2)
        expect(told[index + 1]).to.equal(told[index]?.replace('begins', 'is done'))
    })

    it('what another connection tells waits its turn, and its end is not answered meanwhile', () => {
      const [one, other] = [dialled(), dialled()]
      const told: string[] = []
      merge(one.stream, other.stream)
        .pipe(framed(lines()))
        .subscribe(event => {
          told.push(...story([event]))
          if (event.type !== 'packet' || event.packet !== 'go') return
          other.wire().receive('reply')
          other.wire().finish()
          event.connection.send('sent inside of next')
          told.push('done')
        })
      for (const { wire } of [one, other]) wire().line.opened()
      told.length = 0
      one.wire().receive('go\nagain\n')
      expect(told).to.deep.equal(['packet go', 'done', 'packet again', 'packet reply', 'end', 'close remote'])
    })
  })

  describe('faults', () => {
    it('close the connection behind the packets before, and tell why', () => {
      const { wire, told, failure } = opened(lines({ maxLength: 5 }))
      wire.receive('a\nb\ntoo long\nc\n')
      wire.receive('d\n')
      expect(told().slice(2)).to.deep.equal(['packet a', 'packet b', 'close error ERR_FRAME_TOO_LONG'])
      expect(codeOf(failure())).to.equal('ERR_FRAME_TOO_LONG')
      expect(wire.destroyed).to.equal(true)
    })

    it('of one connection leave the others and their stream alone', () => {
      const { stream, accept } = bound()
      const told: string[] = []
      stream
        .pipe(framed(lengthText()))
        .subscribe({ next: event => told.push(...story([event])), error: () => told.push('error') })
      const [one, other] = [accept(), accept()]
      one.receive('\x01a\xff')
      other.receive('\x02ab')
      expect(told).to.deep.equal(['open', 'open', 'packet a', 'close error ERR_FRAME_TOO_LONG', 'packet ab'])
    })

    it('include a frame that is cut off, told behind the packets and in the place of the end', () => {
      const { wire, told } = opened(lengthText())
      wire.receive('\x01a\x05b')
      wire.finish()
      expect(told().slice(2)).to.deep.equal(['packet a', 'close error ERR_FRAME_TRUNCATED'])
    })

    it('wait while the packets before them wait', () => {
      let hold: Subscription | undefined
      const { wire, told } = opened(lengthText(), {
        react: event => {
          if (event.type === 'packet') hold = event.connection.pause()
        },
      })
      wire.receive('\x01a\x01b\xff')
      expect(told().slice(2)).to.deep.equal(['packet a'])
      hold?.unsubscribe()
      expect(told().slice(3)).to.deep.equal(['packet b'])
      hold?.unsubscribe()
      expect(told().slice(4)).to.deep.equal(['close error ERR_FRAME_TOO_LONG'])
    })

    it('that a codec throws itself are ERR_HANDLER, with what it threw', () => {
      const boom = new Error('boom')
      const failing = mapCodec(
        lines(),
        line => {
          if (line === 'b') throw boom
          return line
        },
        (line: string) => line,
      )
      const { wire, told, failure } = opened(failing)
      wire.receive('a\nb\nc\n')
      expect(told().slice(2)).to.deep.equal(['packet a', 'close error ERR_HANDLER'])
      expect(failure()).to.have.property('cause', boom)
    })

    it('are not for what is no codec, which is refused at once', () => {
      for (const wrong of [undefined, null, 'lines', { decoder: () => undefined }] as never[]) {
        for (const use of [() => framed(wrong), () => decode(wrong), () => encode(wrong)]) {
          const refused = expect(use).to.throw(/^(?:framed|decode|encode): codec (?:is missing|must be a codec)/)
          refused.with.property('code', 'ERR_OPTIONS')
        }
      }
    })

    it('include a codec that can not be made', () => {
      const { wire, connection, told } = opened(() => lines({ maxLength: -1 }))
      expect(() => connection.send('a')).to.throw('maxLength')
      wire.receive('a\n')
      expect(told().slice(2)).to.deep.equal(['close error ERR_OPTIONS'])
    })

    it('that are left out are told as skipped, in their place', () => {
      const { wire, told } = opened(lines({ maxLength: 5, onOversize: 'skip' }))
      wire.receive('a\ntoo long\nb\n')
      expect(told().slice(2)).to.deep.equal(['packet a', 'skipped 8', 'packet b'])
    })

    it('that are left out may be answered with a pause', () => {
      let hold: Subscription | undefined
      const { wire, told } = opened(lines({ maxLength: 5, onOversize: 'skip' }), {
        react: event => {
          if (event.type === 'skipped') hold = event.connection.pause()
        },
      })
      wire.receive('a\ntoo long\nb\n')
      expect(told().slice(2)).to.deep.equal(['packet a', 'skipped 8'])
      hold?.unsubscribe()
      expect(told().slice(4)).to.deep.equal(['packet b'])
    })
  })

  describe('handing over', () => {
    it('puts what is not decoded in front of what is not read, oldest first', () => {
      let rest: readonly Uint8Array[] | undefined
      const { wire, packets } = opened(lines(), {
        react: event => {
          if (event.type === 'packet' && event.packet === 'STARTTLS') rest = handOver(event.connection)?.take()
        },
      })
      wire.receive('STARTTLS\n\x16\x03\n\x01')
      expect(packets()).to.deep.equal(['STARTTLS'])
      expect(rest?.map(bytes => [...bytes])).to.deep.equal([[0x16, 3, 10, 1]])
      wire.receive('after\n')
      expect(packets()).to.deep.equal(['STARTTLS', 'after'])
    })

    it('takes the rest of a paused connection, the chunks behind it included', () => {
      const { wire, packets, connection } = opened(lines(), {
        react: event => {
          if (event.type === 'packet') hold = event.connection.pause()
        },
      })
      let hold: Subscription | undefined
      wire.receive('a\nb\nc')
      wire.line.received(Buffer.from('d\n'), 2)
      const rest = handOver(connection)?.take() ?? []
      expect(Buffer.concat([...rest]).toString()).to.equal('b\ncd\n')
      hold?.unsubscribe()
      expect(packets()).to.deep.equal(['a'])
    })

    it('takes chunks that were told all the same', () => {
      const { events, connection, framed } = played()
      Object.assign(connection, { [handover]: () => ({ take: () => [Buffer.from('e')] }) })
      for (const chunk of ['hold\nb', 'c', 'd\n'])
        events.next({ type: 'packet', connection, packet: Buffer.from(chunk) })
      const taken = () => Buffer.concat([...(handOver(framed() ?? connection)?.take() ?? [])]).toString()
      expect([taken(), taken()]).to.deep.equal(['bcd\ne', 'e'])
    })

    it('is impossible where there are no bytes below', () => {
      const told: (object | undefined)[] = []
      of({ type: 'open', connection: recordingConnection(), session: 1 } as const)
        .pipe(framed(lines()))
        .subscribe(event => {
          if (event.type === 'open') told.push(handOver(event.connection))
        })
      expect(told).to.deep.equal([undefined])
    })
  })

  it('keeps nothing of a connection that has closed', () => {
    const { told, events, connection } = played()
    const packet = (chunk: string) => ({ type: 'packet', connection, packet: Buffer.from(chunk) }) as const
    events.next(packet('par'))
    events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
    events.next(packet('tial\n'))
    expect(told).to.deep.equal(['close remote', 'packet tial'])
  })

  it('tells every packet once and in order, and none while paused, however it is paused and let go', () => {
    const step = fc.record({ wire: fc.nat(1), size: fc.integer({ min: 1, max: 30 }), letGo: fc.boolean() })
    const answer = fc.constantFrom('go on', 'pause', 'let the other go', 'let all go')
    check(
      fc.property(
        fc.array(step, { minLength: 60, maxLength: 80 }),
        fc.array(answer, { minLength: 1, maxLength: 12 }),
        (steps, answers) => {
          const { stream, accept } = bound()
          const told: [string[], string[]] = [[], []]
          const ends: [string[], string[]] = [[], []]
          const holds: Subscription[][] = [[], []]
          const letGo = (index: number) => {
            for (const hold of holds[index]?.splice(0) ?? []) hold.unsubscribe()
          }
          const handles: LineConnection[] = []
          let asked = 0
          stream.pipe(framed(lines())).subscribe(event => {
            if (event.type === 'open') handles.push(event.connection)
            const index = handles.findIndex(handle => 'connection' in event && event.connection === handle)
            if (event.type === 'end' || event.type === 'close') ends[index]?.push(event.type)
            if (event.type !== 'packet') return
            expect(event.connection.paused, 'paused').to.equal(false)
            told[index]?.push(event.packet)
            const what = answers[asked++ % answers.length]
            if (what === 'pause') holds[index]?.push(event.connection.pause())
            if (what === 'let the other go') letGo(1 - index)
            if (what === 'let all go') holds.forEach((_, each) => letGo(each))
          })
          const wires = [accept(), accept()]
          const sent = wires.map((_, index) =>
            Array.from({ length: 40 }, (__, line) => `${'abcdefgh'.slice(line % 8)}${index}`),
          )
          const bytes = sent.map(all => Buffer.from(`${all.join('\n')}\n`))
          const at = [0, 0]
          for (const { wire, size, letGo: frees } of steps) {
            const from = at[wire] ?? 0
            at[wire] = from + size
            wires[wire]?.receive(bytes[wire]?.subarray(from, from + size) ?? '')
            if (frees) letGo(wire)
          }
          wires.forEach((wire, index) => {
            wire.receive(bytes[index]?.subarray(at[index]) ?? '')
            wire.finish()
          })
          for (let round = 0; round < 200; round += 1) holds.forEach((_, each) => letGo(each))
          expect(told).to.deep.equal(sent)
          expect(ends).to.deep.equal([
            ['end', 'close'],
            ['end', 'close'],
          ])
        },
      ),
      200,
    )
  })

  it('takes bytes that had come before a switch that is sent later', () => {
    const { wire, told, connection } = opened(
      switchable<string>(lines({ maxLength: 100 }), {
        sent: line => (line === 'go' ? { receive: mapCodec(fixed({ length: 1 }), text, bytes) } : undefined),
      }),
    )
    wire.receive('hello\nab')
    expect(told().slice(2)).to.deep.equal(['packet hello'])
    connection.send('go')
    expect(told().slice(3)).to.deep.equal(['packet a', 'packet b'])
  })

  it('tells nothing of another codec while paused, though a frame that was left out is answered with the switch', () => {
    let hold: Subscription | undefined
    const { wire, told } = opened(
      switchable<string>(lines({ maxLength: 5, onOversize: 'skip' }), {
        sent: line => (line === 'go' ? { receive: mapCodec(fixed({ length: 1 }), text, bytes) } : undefined),
      }),
      {
        react: event => {
          if (event.type !== 'skipped') return
          hold = event.connection.pause()
          event.connection.send('go')
        },
      },
    )
    wire.receive('too long\nab')
    expect(told().slice(2)).to.deep.equal(['skipped 8'])
    hold?.unsubscribe()
    expect(told().slice(3)).to.deep.equal(['packet a', 'packet b'])
  })

  it('serves a stream that ends in the middle of everything', () => {
    const connection = recordingConnection()
    const told: string[] = []
    of({ type: 'packet', connection, packet: Buffer.from('a\nb') } as const)
      .pipe(framed(lines()))
      .subscribe({ next: event => told.push(...story([event])), complete: () => told.push('complete') })
    expect(told).to.deep.equal(['packet a', 'complete'])
  })
})

const text = (packet: Uint8Array) => Buffer.from(packet).toString()
const bytes = (packet: string) => new Uint8Array(Buffer.from(packet))

/** Text with a byte of length in front. */
function lengthText(): Codec<string> {
  return mapCodec(lengthField({ lengthFieldLength: 1, maxFrameLength: 64 }), text, bytes)
}
