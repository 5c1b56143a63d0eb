import { Duplex } from 'node:stream'
import { expect } from 'chai'
import { readBuffer, shareReads } from '#src/net/shared-reads.js'
import { closeAll } from '../support/net/closing.js'
import { pair, pairings } from '../support/net/pairs.js'

describe('shareReads', () => {
  afterEach(closeAll)

  for (const pairing of pairings) {
    describe(`over ${pairing.name}`, () => {
      it('reads what an accepted socket receives into the shared memory', async () => {
        const { server, here } = await pair(pairing)
        readBuffer.fill(0, 0, 8)
        here.send(Buffer.from('question'))
        await server.next('packet')
        expect(readBuffer.toString('latin1', 0, 8)).to.equal('question')
      })

      it('reads what a dialled socket receives into the shared memory', async () => {
        const { client, there } = await pair(pairing)
        readBuffer.fill(0, 0, 8)
        there.send(Buffer.from('answered'))
        await client.next('packet')
        expect(readBuffer.toString('latin1', 0, 8)).to.equal('answered')
      })

      it('keeps in order what comes before, during and after a pause', async () => {
        const { server, here, there } = await pair(pairing)
        const sent = Buffer.alloc(512 * 1024, 'abcdefghijklmnopqrstuvwxyz')
        const received = () => Buffer.concat(server.packets)
        server.react(({ type }) => {
          if (type !== 'packet' || server.packets.length % 2 === 0) return
          const hold = there.pause()
          setImmediate(() => {
            hold.unsubscribe()
          })
        })
        here.send(sent)
        await server.until(() => received().length === sent.length)
        expect(received().equals(sent)).to.equal(true)
      })
    })
  }

  it('leaves alone what is no socket of the system', () => {
    const duplex = new Duplex()
    expect(shareReads(duplex, () => true)).to.equal(false)
    expect(Object.getOwnPropertySymbols(duplex).map(String)).not.to.include('Symbol(kBuffer)')
  })
})
