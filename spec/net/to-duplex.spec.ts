import { once } from 'node:events'
import { Readable, Transform, type Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { EMPTY, NEVER, tap, throwError, type Subscription } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import { tcp, toDuplex } from 'sluice/net'
import { closeAll, later } from '../support/net/closing.js'
import { listening, overTcp, pairings } from '../support/net/pairs.js'
import { drained, gone, rawServer, take } from '../support/net/peers.js'
import { eventually, resourcesAtRest, resourcesLeft, turn, turns } from '../support/net/resources.js'

const host = '127.0.0.1'
const MiB = 1024 * 1024

function opened(duplex: Duplex): Duplex {
  duplex.on('error', () => undefined)
  later(() => duplex.destroy(new Error('the spec is over')))
  return duplex
}

function dialled(
  port: number,
  options: { readonly halfOpen?: boolean; readonly maxBuffered?: number; readonly connectTimeout?: number } = {},
): Duplex {
  return opened(toDuplex(tcp.connect({ host, port, ...options })))
}

describe('toDuplex', () => {
  afterEach(closeAll)

  for (const pairing of pairings) {
    it(`carries both ways over ${pairing.name}, in a pipeline with backpressure`, async () => {
      const pauses = new Map<string, Subscription>()
      const { listener } = await listening(pairing.listen({ halfOpen: true }), event => {
        const { type } = event
        if (type === 'packet') {
          if (!event.connection.send(event.packet)) pauses.set(event.connection.id, event.connection.pause())
        } else if (type === 'drain') pauses.get(event.connection.id)?.unsubscribe()
        else if (type === 'end') event.connection.close()
      })
      const sent = Buffer.alloc(5 * MiB, 'a long text ')
      let most = 0
      const slow = new Transform({
        highWaterMark: 1_000,
        transform(chunk, _encoding, done) {
          most = Math.max(most, duplex.readableLength)
          setImmediate(done, null, chunk)
        },
      })
      const duplex = opened(toDuplex(pairing.connect(listener.endpoint, { halfOpen: true })))
      const received = buffer(slow)
      await pipeline(Readable.from(chunked(sent, 100_000)), duplex, slow)
      expect((await received).equals(sent)).to.equal(true)
      expect(most).to.be.at.most(2 * 65_536)
    })
  }

  it('writes what it is given before the connection is open', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    duplex.write('one ')
    duplex.end('two')
    expect((await drained(await server.socket())).toString()).to.equal('one two')
  })

  it('makes a writer wait while the peer does not read', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    let wrote = 0
    while (wrote === 0 || written + 64 * chunk.length > wrote) {
      wrote += chunk.length
      duplex.write(chunk, () => (written += chunk.length))
      await turn()
    }
    duplex.end()
    expect(written).to.be.lessThan(wrote)
    expect((await drained(peer)).length).to.equal(wrote)
    await eventually(() => written === wrote)
  })

  it('holds the peer back while nobody reads', async () => {
    const { server, listener } = await listening(overTcp.listen())
    const duplex = dialled(listener.endpoint.port ?? 0)
    const { connection } = await server.next('open')
    connection.send(Buffer.alloc(12 * MiB))
    connection.close()
    await eventually(() => duplex.readableLength > 0)
    await turns(50)
    expect(duplex.readableLength).to.be.lessThan(2 * 65_536)
    expect((await buffer(duplex)).length).to.equal(12 * MiB)
  })

  it('is read with for await, to the end', async () => {
    const server = await rawServer(socket => socket.end(gzipSync('packed')))
    let text = ''
    for await (const chunk of dialled(server.port).pipe(createGunzip())) text += String(chunk)
    expect(text).to.equal('packed')
  })

  it('aborts when for await is left early', async () => {
    const server = await rawServer(socket => socket.write('more and more'))
    for await (const chunk of dialled(server.port)) {
      expect(String(chunk)).to.equal('more and more')
      break
    }
    const peer = await server.socket()
    peer.resume()
    expect(await gone(peer)).to.equal('ECONNRESET')
  })

  it('half-closes: the peer may go on after our end', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    duplex.end('question')
    const peer = await server.socket()
    expect(String(await drained(peer))).to.equal('question')
    peer.end('answer')
    expect(String(await buffer(duplex))).to.equal('answer')
    await finished(duplex)
  })

  it('may go on after the end of the peer, where half-open is asked for', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port, { halfOpen: true })
    const peer = await server.socket()
    peer.end('question')
    duplex.resume()
    await once(duplex, 'end')
    duplex.end('answer')
    expect(String(await drained(peer))).to.equal('answer')
    await gone(duplex)
  })

  it('delivers everything before it closes, where both sides end with much still to send', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port, { halfOpen: true })
    const sent = Buffer.alloc(8 * MiB, 'x')
    const peer = await server.socket()
    peer.end()
    duplex.end(sent)
    duplex.resume()
    await once(duplex, 'end')
    await turns(10)
    expect(duplex.closed).to.equal(false)
    expect((await drained(peer)).length).to.equal(sent.length)
    expect(await gone(duplex)).to.equal(undefined)
  })

  it('delivers what was written before the end of the peer, in however many pieces, and closes then', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    for (let piece = 0; piece < 128; piece += 1) duplex.write(Buffer.alloc(64 * 1024))
    peer.end()
    duplex.resume()
    await once(duplex, 'end')
    await turns(10)
    expect(duplex.closed).to.equal(false)
    expect((await drained(peer)).length).to.equal(8 * MiB)
    expect(await gone(duplex)).to.equal(undefined)
  })

  it('flushes what was written when it is destroyed without an error', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    await new Promise(resolve => duplex.write('last words', resolve))
    duplex.destroy()
    expect(String(await drained(peer))).to.equal('last words')
  })

  it('aborts when it is destroyed with an error', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    await new Promise(resolve => duplex.write('x', resolve))
    await take(peer, 1)
    duplex.destroy(new Error('enough'))
    peer.resume()
    expect(await gone(peer)).to.equal('ECONNRESET')
  })

  it('fails with the cause when the dial fails', async () => {
    const { server, listener } = await listening(overTcp.listen())
    listener.close()
    await server.over()
    const duplex = dialled(listener.endpoint.port ?? 0)
    duplex.write('never sent')
    expect(await gone(duplex)).to.equal('ECONNREFUSED')
  })

  it('fails with the cause when the peer resets', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    peer.resetAndDestroy()
    expect(await gone(duplex)).to.equal('ECONNRESET')
  })

  it('fails with the cause when more is written than may wait', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port, { maxBuffered: 1_000 })
    duplex.write(Buffer.alloc(1_001))
    expect(await gone(duplex)).to.equal('ERR_SEND_OVERFLOW')
  })

  it('fails a write after the end of the connection', async () => {
    const server = await rawServer(socket => socket.end())
    const duplex = dialled(server.port)
    duplex.resume()
    await once(duplex, 'end')
    const failure = new Promise(resolve => duplex.write('too late', resolve))
    expect(await failure).to.include({ code: 'ERR_NOT_OPEN' })
  })

  it('tells a write that waits for the connection why it fails', async () => {
    const { server, listener } = await listening(overTcp.listen())
    listener.close()
    await server.over()
    expect(await wrote(dialled(listener.endpoint.port ?? 0), Buffer.from('never sent'))).to.include({
      code: 'ECONNREFUSED',
    })
  })

  it('tells a write that waits for room why it fails', async () => {
    const server = await rawServer()
    const duplex = dialled(server.port)
    const peer = await server.socket()
    const failure = wrote(duplex, Buffer.alloc(12 * MiB))
    await turns(5)
    peer.resetAndDestroy()
    expect(await failure).to.include({ code: 'ECONNRESET' })
  })

  it('tells a write, and the end, that wait when it is destroyed', async () => {
    const duplex = opened(toDuplex(NEVER))
    const failure = wrote(duplex, Buffer.from('never sent'))
    duplex.destroy()
    expect(await failure).to.include({ code: 'ERR_NOT_OPEN' })
    const other = opened(toDuplex(NEVER))
    const reason = new Error('enough')
    const ended = new Promise(resolve => other.end(resolve))
    other.destroy(reason)
    expect(await ended).to.equal(reason)
  })

  for (const [how, outcome] of [
    ['close', undefined],
    ['destroy', 'ERR_NOT_OPEN'],
  ] as const) {
    it(`tells a write that waits for room whether it was lost, when somebody calls ${how}() of the connection`, async () => {
      const server = await rawServer()
      const connections: Connection[] = []
      const noted = tap((event: ConnectionEvent) => {
        if (event.type === 'open') connections.push(event.connection)
      })
      const duplex = opened(toDuplex(tcp.connect({ host, port: server.port }).pipe(noted))).resume()
      const peer = await server.socket()
      const outcomeOf = wrote(duplex, Buffer.alloc(8 * MiB))
      await eventually(() => (connections[0]?.bufferedAmount ?? 0) > 0)
      for (const connection of connections) connection[how]()
      peer.on('error', () => undefined).on('end', () => peer.end())
      peer.resume()
      expect((await outcomeOf)?.code).to.equal(outcome)
      expect(await gone(duplex)).to.equal(outcome)
    })
  }

  it('fails at once where its stream does', async () => {
    const duplex = opened(toDuplex(throwError(() => Object.assign(new Error('no'), { code: 'ENO' }))))
    expect(await gone(duplex)).to.equal('ENO')
  })

  it('ends at once where its stream is empty', async () => {
    const duplex = opened(toDuplex(EMPTY))
    duplex.resume()
    await gone(duplex)
    expect(duplex.readableEnded).to.equal(true)
  })

  it('unsubscribes when it is destroyed before anything was told', async () => {
    const duplex = opened(toDuplex(NEVER))
    duplex.write('never sent')
    duplex.destroy()
    await gone(duplex)
  })

  const points: Record<string, (duplex: Duplex, peer: () => Promise<{ end: () => unknown }>) => unknown> = {
    'at once': () => undefined,
    'while connecting': () => turn(),
    'when open': (_, peer) => peer(),
    'while a write waits': async (duplex, peer) => {
      await peer()
      duplex.write(Buffer.alloc(16 * MiB - 1))
    },
    'while paused': async (duplex, peer) => {
      duplex.pause()
      await peer()
    },
    'after its end': async (duplex, peer) => {
      await peer()
      duplex.end()
      await once(duplex, 'finish')
    },
    'after the end of the peer': async (duplex, peer) => {
      ;(await peer()).end()
      duplex.resume()
      await once(duplex, 'end')
    },
  }

  for (const [point, reach] of Object.entries(points)) {
    for (const error of [undefined, new Error('enough')]) {
      it(`leaves nothing when it is destroyed ${point}${error === undefined ? '' : ', with an error'}`, async () => {
        const server = await rawServer(socket => socket.resume().on('end', () => socket.end()))
        const before = await resourcesAtRest()
        const duplex = dialled(server.port, { halfOpen: true })
        await reach(duplex, () => server.socket())
        duplex.destroy(error)
        await gone(duplex)
        for (const socket of server.sockets) socket.end()
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  }
})

/** What a write is told. */
function wrote(duplex: Duplex, chunk: Buffer): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    duplex.write(chunk, error => {
      resolve(error ?? undefined)
    })
  })
}

function* chunked(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
