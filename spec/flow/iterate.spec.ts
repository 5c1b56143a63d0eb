import { expect } from 'chai'
import { EMPTY, NEVER, Observable, Subject, concat, from, of, throwError } from 'rxjs'
import { iterate, type AnyEvent, type PacketEvent } from 'sluice'
import type { SkippedEvent } from 'sluice/framing'
import { memory, recordingConnection, type RecordingConnection } from 'sluice/testing'

describe('iterate', () => {
  const packets = (connection: RecordingConnection, ...all: string[]): PacketEvent<string>[] =>
    all.map(packet => ({ type: 'packet', connection, packet }))

  /** Lets everything run that waits for nothing but its turn. */
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve()
  }

  it('gives each event, and ends with the stream', async () => {
    const connection = recordingConnection()
    const seen: string[] = []
    for await (const event of iterate(from(packets(connection, 'a', 'b', 'c')))) seen.push(event.packet)
    expect(seen).to.deep.equal(['a', 'b', 'c'])
    for await (const event of iterate(EMPTY)) expect.fail(event)
  })

  it('waits for events that come later', async () => {
    const source = new Subject<PacketEvent<string>>()
    const loop = iterate(source)[Symbol.asyncIterator]()
    const first = loop.next()
    const second = loop.next()
    const third = loop.next()
    const [a, b] = packets(recordingConnection(), 'a', 'b')
    if (a !== undefined) source.next(a)
    expect(await first).to.deep.equal({ done: false, value: a })
    if (b !== undefined) source.next(b)
    source.complete()
    expect(await second).to.deep.equal({ done: false, value: b })
    expect(await third).to.deep.equal({ done: true, value: undefined })
  })

  it('subscribes when a loop begins, and anew for each', async () => {
    let subscribed = 0
    const stream = new Observable<PacketEvent<string>>(subscriber => {
      subscribed += 1
      subscriber.complete()
    })
    const events = iterate(stream)
    expect(subscribed).to.equal(0)
    for await (const event of events) expect.fail(event.packet)
    for await (const event of events) expect.fail(event.packet)
    expect(subscribed).to.equal(2)
  })

  it('throws the error of the stream behind what came before it, once', async () => {
    const fault = new Error('lost')
    const stream = concat(
      from(packets(recordingConnection(), 'a', 'b')),
      throwError(() => fault),
    )
    const loop = iterate(stream)[Symbol.asyncIterator]()
    const results = [await loop.next(), await loop.next()]
    expect(results.map(({ value }) => (value as PacketEvent<string>).packet)).to.deep.equal(['a', 'b'])
    expect(await loop.next().catch((error: unknown) => error)).to.equal(fault)
    expect(await loop.next()).to.deep.equal({ done: true, value: undefined })
  })

  for (const how of ['a break', 'an exception']) {
    it(`unsubscribes at ${how}, and lets go of what it holds`, async () => {
      const connection = recordingConnection()
      let unsubscribed = false
      const stream = new Observable<PacketEvent<string>>(subscriber => {
        for (const event of packets(connection, 'a', 'b', 'c')) subscriber.next(event)
        return () => {
          unsubscribed = true
        }
      })
      const loop = async (): Promise<string> => {
        for await (const { packet } of iterate(stream, { prefetch: 1 })) {
          expect(connection.paused).to.equal(true)
          if (how === 'a break') return packet
          throw new Error(packet)
        }
        return 'nothing'
      }
      expect(await loop().catch((error: unknown) => (error as Error).message)).to.equal('a')
      expect(unsubscribed).to.equal(true)
      expect(connection.paused).to.equal(false)
    })
  }

  it('ends a wait when it is left meanwhile', async () => {
    const loop = iterate(NEVER)[Symbol.asyncIterator]()
    const waiting = loop.next()
    await loop.return?.()
    expect(await waiting).to.deep.equal({ done: true, value: undefined })
    expect(await loop.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('throws nothing to one who has left', async () => {
    const stream = concat(
      from(packets(recordingConnection(), 'a', 'b')),
      throwError(() => new Error('lost')),
    )
    const loop = iterate(stream)[Symbol.asyncIterator]()
    await loop.next()
    await loop.return?.()
    expect(await loop.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('holds a connection while as many of its packets wait as may, and lets go at half', async () => {
    const source = new Subject<PacketEvent<string>>()
    const one = recordingConnection()
    const other = recordingConnection()
    const loop = iterate(source, { prefetch: 4 })[Symbol.asyncIterator]()
    const first = loop.next()
    for (const event of packets(one, 'a', 'b', 'c', 'd')) source.next(event)
    for (const event of packets(other, 'x', 'y', 'z')) source.next(event)
    expect([one.paused, other.paused]).to.deep.equal([true, false])
    await first
    await loop.next()
    expect([one.paused, other.paused]).to.deep.equal([false, false])
    expect(one.calls.map(({ call }) => call)).to.deep.equal(['pause', 'resume'])
  })

  it('counts what stands in the place of a packet as one, since a peer can cause it too', async () => {
    const source = new Subject<SkippedEvent>()
    const connection = recordingConnection()
    const loop = iterate(source, { prefetch: 4 })[Symbol.asyncIterator]()
    const first = loop.next()
    let sent = 0
    for (; sent < 100 && !connection.paused; sent += 1) source.next({ type: 'skipped', connection, size: 1 })
    expect(sent).to.equal(4)
    await first
    await loop.next()
    expect(connection.paused).to.equal(false)
  })

  it('lets go behind an end before which something else was told', async () => {
    const source = new Subject<AnyEvent | SkippedEvent>()
    const connection = recordingConnection()
    const loop = iterate(source)[Symbol.asyncIterator]()
    const first = loop.next()
    source.next({ type: 'skipped', connection, size: 1 })
    source.next({ type: 'end', connection })
    await first
    await loop.next()
    expect(connection.paused).to.equal(true)
    void loop.next()
    await turn()
    expect(connection.paused).to.equal(false)
  })

  it('subscribes to nothing for a loop that was left before it began', async () => {
    let subscribed = false
    const stream = new Observable<PacketEvent<string>>(() => {
      subscribed = true
    })
    const loop = iterate(stream)[Symbol.asyncIterator]()
    await loop.return?.()
    expect(await loop.next()).to.deep.equal({ done: true, value: undefined })
    expect(subscribed).to.equal(false)
  })

  it('holds a connection from its end until that has been handled', async () => {
    const source = new Subject<AnyEvent>()
    const connection = recordingConnection()
    const loop = iterate(source)[Symbol.asyncIterator]()
    const first = loop.next()
    for (const event of packets(connection, 'a')) source.next(event)
    source.next({ type: 'end', connection })
    expect((await first).value).to.include({ type: 'packet' })
    expect(connection.paused).to.equal(true)
    expect((await loop.next()).value).to.include({ type: 'end' })
    expect(connection.paused).to.equal(true)
    const last = loop.next()
    await turn()
    expect(connection.paused).to.equal(false)
    source.complete()
    expect(await last).to.include({ done: true })
  })

  it('can answer the last packet of a peer that has ended', async () => {
    const net = memory()
    const received: string[] = []
    const serve = async () => {
      for await (const event of iterate(net.listen({ port: 1 }))) {
        await turn()
        if (event.type === 'listening') {
          net.connect({ port: 1 }).subscribe(event => {
            if (event.type === 'open') {
              event.connection.send(new Uint8Array([1, 2, 3]))
              event.connection.end()
            }
            received.push(event.type === 'packet' ? event.packet.join() : event.type)
          })
        }
        if (event.type === 'packet') event.connection.send(event.packet)
        if (event.type === 'close') break
      }
    }
    await serve()
    expect(received).to.deep.equal(['connecting', 'open', '1,2,3', 'end', 'close'])
    expect(net.open).to.equal(0)
  })

  it('gives up when too much waits that can’t be held back', async () => {
    let unsubscribed = false
    const flood = new Observable<AnyEvent>(subscriber => {
      const connection = recordingConnection()
      for (let i = 0; i <= 65_536; i += 1) subscriber.next({ type: 'drain', connection })
      return () => {
        unsubscribed = true
      }
    })
    let given = 0
    const loop = async () => {
      for await (const { type } of iterate(flood)) given += type.length > 0 ? 1 : 0
    }
    const error = await loop().catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'ERR_READ_OVERFLOW')
    expect(given).to.equal(65_536)
    expect(unsubscribed).to.equal(true)
  })

  it('passes what it does not understand', async () => {
    const beat = { type: 'beat', roundTrip: 3 } as const
    for await (const event of iterate(of(beat))) expect(event).to.equal(beat)
  })

  it('names all that is wrong with its options', () => {
    for (const wrong of [{ prefetch: 0 }, { prefetch: '1' }, { ahead: 1 }]) {
      expect(() => iterate(EMPTY, wrong as object))
        .to.throw()
        .with.property('code', 'ERR_OPTIONS')
    }
  })
})
