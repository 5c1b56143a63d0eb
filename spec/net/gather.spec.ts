import { Socket } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import sinon from 'sinon'
import type { Connection } from 'sluice'
import { fromDuplex } from 'sluice/net'
import { group } from 'sluice/pool'
import { Gather, type Gathered } from '#src/net/gather.js'
import { closeAll, later } from '../support/net/closing.js'
import { listening, overTcp, pair, pairings, type Pairing } from '../support/net/pairs.js'
import { rawClient, take } from '../support/net/peers.js'
import { turn } from '../support/net/resources.js'
import { bytesOf, watch } from '../support/net/watch.js'

describe('Gather', () => {
  afterEach(closeAll)

  it('writes once for what is sent in one turn', async () => {
    const { server, here } = await pair(overTcp)
    const writes = spyOnWrites()
    for (let index = 0; index < 100; index += 1) here.send(Buffer.from('abc'))
    await server.until(() => bytesOf(server).length === 300)
    expect(writes).to.deep.equal([300])
  })

  it('writes once for what is sent while a packet is told', async () => {
    const { listener } = await listening(overTcp.listen(), event => {
      if (event.type !== 'packet') return
      for (const byte of event.packet) event.connection.send(Uint8Array.of(byte, byte))
    })
    const peer = await rawClient({ port: listener.endpoint.port ?? 0 })
    const writes = spyOnWrites()
    peer.write('hello')
    expect((await take(peer, 10)).toString()).to.equal('hheelllloo')
    expect(writes).to.deep.equal([5, 10])
  })

  it('writes once for each of several connections to which one turn sends', async () => {
    const { server, listener } = await listening(overTcp.listen())
    const peers = [
      await open(listener.endpoint.port),
      await open(listener.endpoint.port),
      await open(listener.endpoint.port),
    ]
    await server.next('open', 3)
    const connections = server.all('open').map(({ connection }) => connection)
    const writes = spyOnWrites()
    for (let round = 0; round < 10; round += 1) {
      for (const [index, connection] of connections.entries()) connection.send(Buffer.from(String(index)))
    }
    const got = await Promise.all(peers.map(peer => take(peer, 10)))
    expect(got.map(String).sort()).to.deep.equal(['0000000000', '1111111111', '2222222222'])
    expect(writes).to.deep.equal([10, 10, 10])
  })

  it('writes once for each of several to which one turn broadcasts, in order with what is sent to one of them', async () => {
    const room = group(overTcp.listen())
    const { server, listener } = await listening(room)
    const peers = [await open(listener.endpoint.port), await open(listener.endpoint.port)]
    await server.next('open', 2)
    const writes = spyOnWrites()
    room.broadcast(Buffer.from('ab'))
    for (const connection of room.connections) connection.send(Buffer.from('12'))
    room.broadcast(Buffer.from('cd'))
    room.broadcast(Buffer.from('ef'))
    for (const connection of room.connections) connection.send(Buffer.from('34'))
    const got = await Promise.all(peers.map(peer => take(peer, 10)))
    expect(got.map(String)).to.deep.equal(['ab12cdef34', 'ab12cdef34'])
    expect(writes).to.deep.equal([10, 10])
  })

  it('uses again only what nobody was given meanwhile', () => {
    const gather = new Gather(true)
    const wires = Array.from({ length: 3 }, () => ({ seal: () => undefined, flush: () => undefined }))
    const [one, other, last] = wires as [Gathered, Gathered, Gathered]
    gather.copy(one, Buffer.from('one'))
    const first = gather.take(one) ?? Buffer.of()
    gather.copy(other, Buffer.from('other'))
    const second = gather.take(other) ?? Buffer.of()
    gather.reuse(first)
    gather.copy(last, Buffer.from('last'))
    expect(String(second)).to.equal('other')
    gather.reuse(gather.take(last) ?? Buffer.of())
    gather.copy(one, Buffer.from('once more'))
    expect([String(second), String(gather.take(one))]).to.deep.equal(['other', 'once more'])
  })

  it('hands over as one chunk what is broadcast in one turn', async () => {
    const room = group(overTcp.listen())
    const { server, listener } = await listening(room)
    const peers = [await open(listener.endpoint.port), await open(listener.endpoint.port)]
    await server.next('open', 2)
    const chunks = sinon.spy(Socket.prototype, 'write')
    later(() => {
      chunks.restore()
    })
    for (let index = 0; index < 16; index += 1) room.broadcast(Buffer.from('abc'))
    const got = await Promise.all(peers.map(peer => take(peer, 48)))
    expect(got.map(String)).to.deep.equal(['abc'.repeat(16), 'abc'.repeat(16)])
    expect(chunks.args.map(([chunk]) => (chunk as Uint8Array).length)).to.deep.equal([48, 48])
  })

  it('keeps small and large packets in their order, in one write', async () => {
    const { server, here } = await pair(overTcp)
    const parts = [10, 5_000, 20, 30, 2_000, 1_024, 1_025].map((size, index) => Buffer.alloc(size, index))
    const writes = spyOnWrites()
    for (const part of parts) here.send(part)
    const all = Buffer.concat(parts)
    await server.until(() => bytesOf(server).length === all.length)
    expect(bytesOf(server).equals(all)).to.equal(true)
    expect(writes).to.deep.equal([all.length])
  })

  it('does not wait for the end of the turn with much to send', async () => {
    const { here } = await pair(overTcp)
    here.send(Buffer.alloc(65_536))
    expect(here.bytesWritten).to.equal(65_536)
    here.send(Buffer.alloc(1))
    expect(here.bytesWritten).to.equal(65_536)
  })

  it('flushes before the end, in the same turn', async () => {
    const { server, here } = await pair(overTcp)
    here.send(Buffer.from('last'))
    here.end()
    await server.next('end')
    expect(bytesOf(server).toString()).to.equal('last')
  })

  for (const pairing of pairings) {
    it(`never mixes up what several connections send over ${pairing.name}`, () =>
      fc.assert(
        fc.asyncProperty(schedules, async schedule => {
          await interleave(pairing, schedule)
          await closeAll()
        }),
        { numRuns: 25 },
      )).timeout(30_000)
  }

  for (const pairing of pairings) {
    it(`never writes over what the system has taken only a part of, over ${pairing.name}`, async () => {
      const { client, here, there } = await pair(pairing)
      const pause = here.pause()
      const sent: Buffer[] = []
      const sendSome = (): void => {
        for (let index = 0; index < 60; index += 1) {
          const packet = Buffer.alloc(1 + ((sent.length * 37) % 1_000), sent.length)
          sent.push(packet)
          there.send(packet)
        }
      }
      while (there.bufferedAmount === 0) {
        sendSome()
        await turn()
      }
      for (let index = 0; index < 5; index += 1) {
        sendSome()
        await turn()
      }
      pause.unsubscribe()
      there.close()
      await client.over()
      expect(bytesOf(client).equals(Buffer.concat(sent))).to.equal(true)
    })
  }

  it('never writes over what a duplex still holds', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 6 }), { maxLength: 12 }),
        async turnsOfSizes => {
          const [near, far] = slowPair()
          const client = watch(fromDuplex(() => near))
          const { connection } = await client.next('open')
          const sent: Buffer[] = []
          let next = 0
          for (const sizes of turnsOfSizes) {
            for (const size of sizes) {
              const packet = Buffer.from(Array.from({ length: size }, () => (next += 1) & 255))
              sent.push(Buffer.from(packet))
              connection.send(packet)
            }
            await turn()
          }
          connection.end()
          const got: Buffer[] = []
          for await (const chunk of far) got.push(chunk as Buffer)
          expect(Buffer.concat(got).equals(Buffer.concat(sent))).to.equal(true)
          await closeAll()
        },
      ),
      { numRuns: 50 },
    ))
})

interface Send {
  readonly by: number
  readonly size: number
}

/** Turns, in each of which some of the connections send something. */
const schedules = fc.array(
  fc.array(
    fc.record({
      by: fc.nat({ max: 3 }),
      size: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1_500, max: 400_000 }) },
      ),
    }),
    { maxLength: 20 },
  ),
  { maxLength: 20 },
)

/** All connections of one server send by a schedule, to peers that read when they can; what arrives is what was sent. */
async function interleave({ listen, connect }: Pairing, schedule: readonly (readonly Send[])[]): Promise<void> {
  const { server, listener } = await listening(listen({ maxBuffered: Infinity }))
  const clients = [0, 1, 2, 3].map(() => watch(connect(listener.endpoint)))
  const pauses = []
  for (const client of clients) pauses.push((await client.next('open')).connection.pause())
  await server.next('open', 4)
  const senders = new Map<string, { readonly connection: Connection; readonly sent: Buffer[] }>()
  const ends: { readonly connection: Connection; readonly sent: Buffer[] }[] = []
  for (const { connection } of server.all('open')) {
    const end = { connection, sent: [] }
    ends.push(end)
    senders.set(connection.id, end)
  }
  let next = 0
  for (const [index, turnOfSends] of schedule.entries()) {
    for (const { by, size } of turnOfSends) {
      const packet = Buffer.alloc(size)
      for (let at = 0; at < size; at += 1) packet[at] = next = (next + 1) % 251
      ends[by]?.sent.push(Buffer.from(packet))
      ends[by]?.connection.send(packet)
    }
    if (index === 2) pauses[0]?.unsubscribe()
    await turn()
  }
  for (const { connection } of ends) connection.close()
  for (const pause of pauses) pause.unsubscribe()
  await Promise.all(clients.map(client => client.over()))

  const got = clients.map(client => bytesOf(client).toString('latin1')).sort()
  const sent = ends.map(end => Buffer.concat(end.sent).toString('latin1')).sort()
  expect(got.map((text, index) => text === sent[index])).to.deep.equal([true, true, true, true])
}

async function open(port = 0): Promise<Socket> {
  return rawClient({ port })
}

/** The sizes of the writes that the system is asked for, by whatever socket. */
function spyOnWrites(): number[] {
  const sizes: number[] = []
  const { prototype } = Socket as { readonly prototype: Required<Pick<Socket, '_write' | '_writev'>> }
  const write = sinon.stub(prototype, '_write').callsFake(function (this: Socket, chunk: Uint8Array | string, ...rest) {
    sizes.push(chunk.length)
    write.wrappedMethod.call(this, chunk, ...rest)
  })
  const writev = sinon.stub(prototype, '_writev').callsFake(function (this: Socket, chunks, ...rest) {
    sizes.push(chunks.reduce((sum, { chunk }) => sum + (chunk as Uint8Array).length, 0))
    writev.wrappedMethod.call(this, chunks, ...rest)
  })
  later(() => {
    write.restore()
    writev.restore()
  })
  return sizes
}

/** Two ends of which each passes on what it is given itself, as streams do, and the far one reads late. */
function slowPair(): [near: Duplex, far: PassThrough] {
  const far = new PassThrough({ highWaterMark: 1024 * 1024 })
  return [Duplex.from({ writable: far, readable: new PassThrough() }), far]
}
