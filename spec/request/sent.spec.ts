import { expect } from 'chai'
import type { Socket } from 'node:net'
import { lastValueFrom } from 'rxjs'
import { constant, limit, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { inOrder, requests } from 'sluice/request'
import { freePort } from '../examples/peer.js'
import { closeAll, later } from '../support/net/closing.js'
import { rawServer } from '../support/net/peers.js'
import { fate } from './numbered.js'

/** A server that logs the lines that it gets; each socket does with them what it is told to. */
async function logging(hear: (line: string, socket: Socket, nth: number) => void) {
  const log: string[] = []
  let sockets = 0
  const { port } = await rawServer(socket => {
    sockets += 1
    const nth = sockets
    let rest = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const whole = (rest + text).split('\n')
      rest = whole.pop() ?? ''
      for (const line of whole) {
        log.push(line)
        hear(line, socket, nth)
      }
    })
  })
  return { port, log }
}

/** What is asked of a client that dials once, and again so often. */
function client(port: number, again = 0) {
  const dial = tcp.connect({ port, host: '127.0.0.1' }).pipe(framed(lines({ maxLength: 2 ** 24 })))
  const requester = requests(
    again === 0 ? dial : dial.pipe(reconnect(limit(constant(1), { attempts: again }))),
    inOrder(),
  )
  const subscription = requester.subscribe({ error: () => undefined })
  later(() => {
    subscription.unsubscribe()
  })
  return { ask: (line: string, idempotent = false) => lastValueFrom(fate(requester.ask(line, { idempotent }))) }
}

describe('What is said of a request that fails is so:', () => {
  afterEach(closeAll)

  it('not sent, where there was no connection', async () => {
    expect(await client(await freePort()).ask('a')).to.equal('ERR_REQUEST_LOST no')
  })

  it('unknown, where the peer has it, and is gone before it answers', async () => {
    const { port, log } = await logging((_, socket) => socket.resetAndDestroy())
    expect(await client(port).ask('a')).to.equal('ERR_REQUEST_LOST unknown')
    expect(log).to.deep.equal(['a'])
  })

  it('unknown, where the peer has half of it; and not sent, what waited behind', async () => {
    const log: number[] = []
    const server = await rawServer()
    const { ask } = client(server.port)
    const asked = Promise.all([ask('a'.repeat(2 ** 23)), ask('b')])
    const socket = await server.socket()
    socket.once('data', (chunk: Buffer) => {
      log.push(chunk.indexOf('b'))
      socket.resetAndDestroy()
    })
    expect(await asked).to.deep.equal(['ERR_REQUEST_LOST unknown', 'ERR_REQUEST_LOST no'])
    expect(log).to.deep.equal([-1])
  })

  it('what is said to be not sent never came, wherever the connection is cut', async () => {
    for (let cut = 1; cut <= 30; cut += 1) {
      let heard = 0
      const { port, log } = await logging((line, socket) => {
        heard += 1
        if (heard === cut) socket.resetAndDestroy()
        else if (heard < cut && heard % 3 === 0)
          for (const back of [2, 1, 0]) socket.write(`${log.at(-1 - back) ?? line}\n`)
      })
      const { ask } = client(port)
      const names = Array.from({ length: 30 }, (_, index) => `${index}`)
      const fates = await Promise.all(names.map(name => ask(name)))
      fates.forEach((fate, index) => {
        const name = String(index)
        if (fate === name || fate.endsWith('unknown')) return
        expect(fate).to.equal('ERR_REQUEST_LOST no')
        expect(log).not.to.include(name)
      })
      expect(fates.filter(fate => fate.startsWith('ERR')).length).to.be.at.least(30 - cut)
    }
  })

  it('and nothing is sent twice but what may be', async () => {
    const { port, log } = await logging((line, socket, nth) => {
      if (nth === 1 && line === 'b') socket.resetAndDestroy()
      else if (nth === 2) socket.write(`${line}!\n`)
    })
    const { ask } = client(port, 1)
    expect(await Promise.all([ask('a'), ask('b', true)])).to.deep.equal(['ERR_REQUEST_LOST unknown', 'b!'])
    expect(log).to.deep.equal(['a', 'b', 'b'])
  })
})
