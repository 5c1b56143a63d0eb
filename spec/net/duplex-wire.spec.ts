import { expect } from 'chai'
import sinon from 'sinon'
import type { Line } from 'sluice'
import { tcp } from 'sluice/net'
import { DuplexWire } from '#src/net/duplex-wire.js'
import { Gather } from '#src/net/gather.js'
import { duplexKind } from '#src/net/socket-kind.js'
import { growth } from '../support/growth.js'
import { closeAll } from '../support/net/closing.js'
import { duplexPair } from '../support/net/duplex-pair.js'
import { listening, overTcp, overUnix, pair, pairings } from '../support/net/pairs.js'
import { drained, rawClient, rawServer, take } from '../support/net/peers.js'
import { eventually, turn, turns } from '../support/net/resources.js'
import { bytesOf, watch } from '../support/net/watch.js'

const host = '127.0.0.1'
const MiB = 1024 * 1024

describe('DuplexWire', () => {
  afterEach(closeAll)

  it('refuses what is not bytes, and says what it was', async () => {
    const { here } = await pair(overTcp)
    for (const [packet, name] of [
      ['text', 'string'],
      [null, 'null'],
      [7, 'number'],
      [[1], 'object'],
    ] as const) {
      expect(() => here.send(packet as never)).to.throw(
        TypeError,
        `a connection of bytes sends a Uint8Array, not ${name}`,
      )
    }
    expect(here).to.include({ state: 'open', bytesAccepted: 0 })
  })

  it('sends any view of bytes, and nothing beside it', async () => {
    const { server, here } = await pair(overTcp)
    const bytes = Uint8Array.from({ length: 4_000 }, (_, index) => index)
    here.send(bytes.subarray(10, 20))
    here.send(bytes.subarray(1_000, 3_000))
    await server.until(() => bytesOf(server).length === 2_010)
    expect(bytesOf(server).equals(Buffer.concat([bytes.subarray(10, 20), bytes.subarray(1_000, 3_000)]))).to.equal(true)
  })

  for (const pairing of pairings) {
    describe(`over ${pairing.name}`, () => {
      it('delivers 8 MiB that close() has to flush to a slow reader, whole', async () => {
        const { server, client, here, there } = await pair(pairing)
        const pause = there.pause()
        const sent = pattern(8 * MiB)
        expect(here.send(sent)).to.equal(false)
        here.close()
        expect(here.state).to.equal('closing')
        await turn()
        expect(here.bufferedAmount).to.be.greaterThan(0)
        pause.unsubscribe()
        await client.over()
        await server.next('close')
        expect(bytesOf(server).equals(sent)).to.equal(true)
        expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
        expect(server.all('close')[0]).to.include({ reason: 'remote' })
      })

      it('loses nothing where both ends close with much still to send', async () => {
        const { server, client, here, there } = await pair(pairing)
        const [up, down] = [pattern(5 * MiB), pattern(6 * MiB + 1)]
        here.send(up)
        there.send(down)
        here.close()
        there.close()
        await Promise.all([client.over(), server.next('close')])
        expect(bytesOf(server).equals(up)).to.equal(true)
        expect(bytesOf(client).equals(down)).to.equal(true)
        expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
        expect(server.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
      })

      it('reads on after its own end, however much there is', async () => {
        const { server, client, here, there } = await pair(pairing, { there: { halfOpen: true } })
        here.close()
        await server.next('end')
        const sent = pattern(3 * MiB)
        there.send(sent)
        there.close()
        await client.over()
        expect(bytesOf(client).equals(sent)).to.equal(true)
      })

      it('tells one drain when what waits has fallen below the low mark', async () => {
        const { server, client, here, there } = await pair(pairing, {
          here: { highWaterMark: 10_000, lowWaterMark: 5_000 },
        })
        const pause = there.pause()
        expect(here.send(Buffer.alloc(9_999))).to.equal(true)
        await eventually(() => here.bufferedAmount === 0)
        expect(here.send(Buffer.alloc(8 * MiB))).to.equal(false)
        expect(here.send(Buffer.alloc(1))).to.equal(false)
        expect(here.bufferedAmount).to.be.greaterThan(10_000)
        pause.unsubscribe()
        await client.next('drain')
        expect(here.bufferedAmount).to.be.at.most(5_000)
        await server.until(() => there.bytesRead === here.bytesAccepted)
        expect(client.all('drain')).to.have.length(1)
      })

      it('destroys a connection to a peer that never reads, once more than maxBuffered waits', async () => {
        const { client, here, there } = await pair(pairing, { here: { maxBuffered: 300_000 } })
        there.pause()
        let taken = 0
        while (here.state === 'open') {
          here.send(Buffer.alloc(10_000))
          taken = Math.max(taken, here.bufferedAmount)
          if (here.bufferedAmount > 0) await turn()
        }
        expect(taken).to.equal(300_000)
        expect(await client.over()).to.include({ code: 'ERR_SEND_OVERFLOW' })
        expect(client.all('close')[0]).to.include({ reason: 'error', bytesUnsent: here.bufferedAmount })
      })

      it('gives up on a peer that never reads, after writeTimeout', async () => {
        const { client, here, there } = await pair(pairing, { here: { writeTimeout: 40 } })
        there.pause()
        here.send(Buffer.alloc(8 * MiB))
        expect(await client.over()).to.include({ code: 'ERR_WRITE_TIMEOUT' })
        expect(client.all('close')[0]).to.include({ reason: 'timeout' })
        expect(client.all('close')[0]?.bytesUnsent).to.equal(here.bufferedAmount).and.to.be.greaterThan(0)
      })

      it('gives up on a flush that does not end within closeTimeout', async () => {
        const { client, here, there } = await pair(pairing, { here: { closeTimeout: 40 } })
        there.pause()
        here.send(Buffer.alloc(8 * MiB))
        here.close()
        expect(await client.over()).to.include({ code: 'ERR_CLOSE_TIMEOUT' })
        expect(client.all('close')[0]).to.include({ reason: 'local' })
        expect(client.all('close')[0]?.bytesUnsent).to.be.greaterThan(0)
      })

      it('gives up on a peer that never ends, after closeTimeout', async () => {
        const { client, here } = await pair(pairing, { here: { closeTimeout: 40 }, there: { halfOpen: true } })
        here.close()
        expect(await client.over()).to.include({ code: 'ERR_CLOSE_TIMEOUT' })
        expect(client.types).to.deep.equal(['connecting', 'open', 'close'])
        expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
      })

      it('waits for ever for a peer after end()', async () => {
        const { server, client, here, there } = await pair(pairing, {
          here: { closeTimeout: 20 },
          there: { halfOpen: true },
        })
        here.end()
        await server.next('end')
        const other = await pair(pairing, { here: { closeTimeout: 40 }, there: { halfOpen: true } })
        other.here.close()
        await other.client.over()
        expect(here.state).to.equal('closing')
        there.send(Buffer.from('still there'))
        await client.next('packet')
      })

      it('emits nothing of the peer while paused, and all of it in order afterwards', async () => {
        const { client, here, there } = await pair(pairing)
        const sent = pattern(3 * MiB)
        const pause = here.pause()
        there.send(sent.subarray(0, MiB))
        there.send(sent.subarray(MiB))
        there.close()
        await turns(10)
        expect(client.types).to.deep.equal(['connecting', 'open'])
        pause.unsubscribe()
        await client.over()
        expect(bytesOf(client).equals(sent)).to.equal(true)
        expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
      })

      it('goes on reading only when the last of several holders lets go', async () => {
        const { client, here, there } = await pair(pairing)
        const [one, other] = [here.pause(), here.pause()]
        there.send(Buffer.from('hello'))
        await eventually(() => there.bytesWritten === 5)
        one.unsubscribe()
        await turns(10)
        expect(here.paused).to.equal(true)
        expect(client.packets).to.deep.equal([])
        other.unsubscribe()
        expect(here.paused).to.equal(false)
        await client.next('packet')
      })

      it('holds a sender back: of 64 MiB for a paused consumer no more waits than the marks allow', async () => {
        const { client, here, there } = await pair(pairing, { here: { writeTimeout: 100 } })
        there.pause()
        const chunk = Buffer.alloc(64 * 1024)
        let most = 0
        const fill = (): void => {
          for (let goOn = true; goOn && here.state === 'open' && here.bytesAccepted < 64 * MiB;) {
            goOn = here.send(chunk)
            most = Math.max(most, here.bufferedAmount)
          }
        }
        client.react(event => {
          if (event.type === 'drain') fill()
        })
        fill()
        expect(await client.over()).to.include({ code: 'ERR_WRITE_TIMEOUT' })
        expect(most).to.be.at.most(2 * chunk.length)
        expect(here.bytesAccepted).to.be.lessThan(64 * MiB)
        expect(there.bytesRead).to.equal(0)
      })
    })
  }

  it('writes and ends nothing once it is destroyed', async () => {
    const [near] = duplexPair()
    const line = idleLine()
    for (const sent of [[], [Buffer.alloc(10)], [Buffer.alloc(100_000)]]) {
      const wire = new DuplexWire(line, near, duplexKind, new Gather())
      const calls = [sinon.spy(near, 'write'), sinon.spy(near, 'end')]
      wire.destroy()
      for (const chunk of sent) wire.write(chunk)
      wire.end()
      await turns(3)
      expect(calls.map(({ callCount }) => callCount)).to.deep.equal([0, 0])
      for (const call of calls) call.restore()
    }
  })

  it('keeps nothing of what is empty, which no count would show', () => {
    const [near] = duplexPair()
    const wire = new DuplexWire(idleLine(), near, duplexKind, new Gather())
    const nothing = new Uint8Array()
    const cycle = (): void => {
      wire.write(nothing)
      wire.share(nothing)
    }
    expect(growth(cycle)).to.be.below(2)
  })

  it('knows to the byte what the system never got', async () => {
    for (const size of [300_000, 3 * MiB]) {
      const { server, listener } = await listening(overUnix.listen())
      const peer = await rawClient({ path: listener.endpoint.address })
      const { connection } = await server.next('open')
      connection.send(pattern(size))
      await turn()
      connection.destroy()
      const { bytesUnsent } = await server.next('close')
      expect(bytesUnsent).to.be.greaterThan(0)
      expect((await drained(peer)).length + bytesUnsent).to.equal(size)
    }
  })

  it('counts as unsent what was sent and aborted in the same turn', async () => {
    const { client, here } = await pair(overTcp)
    here.send(Buffer.alloc(100))
    here.send(Buffer.alloc(2_000))
    here.destroy()
    await client.over()
    expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 2_100 })
  })

  it('counts as unsent what it was given after the reset of the peer', async () => {
    const server = await rawServer()
    const client = watch(tcp.connect({ host, port: server.port }))
    const { connection } = await client.next('open')
    const peer = await server.socket()
    peer.resetAndDestroy()
    expect(connection.send(Buffer.alloc(1_000))).to.equal(true)
    expect(await client.over()).to.include({ code: 'ECONNRESET' })
    expect(client.all('close')[0]).to.include({ reason: 'error', bytesUnsent: 1_000 })
    expect(connection.send(Buffer.alloc(1))).to.equal(false)
  })

  it('counts as unsent what waited when the peer left', async () => {
    const server = await rawServer()
    const client = watch(tcp.connect({ host, port: server.port }))
    const { connection } = await client.next('open')
    const peer = await server.socket()
    const sent = 8 * MiB
    connection.send(pattern(sent))
    await take(peer, 1_000)
    peer.resetAndDestroy()
    await client.over()
    const [close] = client.all('close')
    expect(close).to.include({ reason: 'error' })
    expect(close?.bytesUnsent)
      .to.equal(sent - connection.bytesWritten)
      .and.to.be.greaterThan(0)
  })
})

function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let index = 0; index < size; index += 1) bytes[index] = (index * 31 + (index >> 8)) & 255
  return bytes
}

/** A line that nobody listens to. */
function idleLine(): Line {
  const ignore = (): void => undefined
  return {
    opened: ignore,
    received: ignore,
    heard: ignore,
    ended: ignore,
    added: () => true,
    written: ignore,
    blocked: ignore,
    closed: ignore,
    destroy: ignore,
  }
}
