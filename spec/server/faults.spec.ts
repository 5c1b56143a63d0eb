import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { mergeMap, type Observable } from 'rxjs'
import { framed, lines } from 'sluice/framing'
import { tcp, tls } from 'sluice/net'
import { serve, type Handler, type ServeOptions, type ServerInfo } from 'sluice/server'
import { ca, server as credentials } from '../support/net/certificates.js'
import { clusterProcess, crowd, poorServerProcess, serverProcess } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { drained, gone, rawClient, take } from '../support/net/peers.js'
import { eventually } from '../support/net/resources.js'
import { codeOf } from './visitor.js'

const listening = () => tcp.listen({ host: '127.0.0.1', port: 0 }).pipe(framed(lines()))

type Events = ReturnType<typeof listening> extends Observable<infer E> ? E : never

/** A server on a free port that sends back every line, unless told otherwise. */
async function echo(
  options: ServeOptions<Events> = {},
  handler: Handler<Events> = packets => packets,
  stream: Observable<Events> = listening(),
) {
  const server = serve(stream, handler, options)
  const closed: unknown[] = []
  const port = await new Promise<number>(resolve => {
    const subscription = server.subscribe(event => {
      if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      if (event.type === 'close') closed.push(codeOf(event.error) ?? event.reason)
    })
    later(() => {
      subscription.unsubscribe()
    })
  })
  return { server, port, closed }
}

/** What a peer is told until its end, which it answers with its own. */
async function toldUntilClosed(socket: Socket): Promise<string> {
  const text = await drained(socket)
  socket.end()
  await gone(socket)
  return text.toString()
}

async function echoed(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\n`)
  return (await take(socket, line.length + 1)).toString().trimEnd()
}

/** Many that connect at once, but for those who were reset before they knew that they were connected. */
async function flood(port: number, count: number, localAddress = '127.0.0.1'): Promise<Socket[]> {
  const dials = Array.from({ length: count }, () => rawClient({ port }, { localAddress }))
  const all = await Promise.allSettled(dials)
  return all.flatMap(dial => (dial.status === 'fulfilled' ? [dial.value] : []))
}

describe('A server under a flood', function () {
  this.timeout(30_000)
  afterEach(closeAll)

  it('of ten times what it lets in tells each why it is refused, and serves those who are in', async () => {
    const { server, port } = await echo({ maxConnections: 50, whenFull: 'refuse', refusal: cause => cause })
    const guests = await flood(port, 50)
    expect(await Promise.all(guests.map(guest => echoed(guest, 'in')))).to.deep.equal(Array(50).fill('in'))
    const others = await flood(port, 450)
    expect(await Promise.all(others.map(toldUntilClosed))).to.deep.equal(Array(450).fill('full\n'))
    expect(await echoed(guests[0] as Socket, 'still')).to.equal('still')
    expect(server.info()).to.deep.include({ active: 50, peak: 50, accepted: 50, waiting: 0, turnedAway: 0 })
    expect(server.info().refused).to.deep.equal({ full: 450, address: 0, draining: 0, files: 0 })
    guests[0]?.end()
    await gone((guests[0] as Socket).resume())
    expect(await echoed(await rawClient({ port }), 'late')).to.equal('late')
  })

  it('lets those who wait in, one after the other, until all were served', async () => {
    const { server, port } = await echo({ maxConnections: 20 })
    const all = await flood(port, 200)
    await eventually(() => server.info().active === 20)
    const served = await Promise.all(
      all.map(async socket => {
        const line = await echoed(socket, 'served')
        socket.end()
        return line
      }),
    )
    expect(served).to.deep.equal(Array(200).fill('served'))
    expect(server.info()).to.include({ peak: 20, accepted: 200 })
  })

  it('closes its port, is refused by the system, and comes back on the same', async () => {
    const { server, port } = await echo({ maxConnections: 10, whenFull: 'close', listenBelow: 5 })
    for (let round = 0; round < 3; round += 1) {
      const guests = await flood(port, 10)
      await eventually(() => server.info().active === 10)
      expect(await flood(port, 20)).to.deep.equal([])
      for (const guest of guests) guest.resume().end()
      await eventually(() => server.info().active === 0)
      await eventually(() => server.listeners.every(({ suspended }) => !suspended))
    }
    expect(await echoed(await rawClient({ port }), 'here')).to.equal('here')
    expect(server.info()).to.include({ peak: 10, accepted: 31, failures: 0 })
  })

  it('closes its port over TLS, too, where handshakes may be under way', async () => {
    const stream = tls.listen({ host: '127.0.0.1', port: 0, ...credentials }).pipe(framed(lines()))
    const { server, port } = await echo({ maxConnections: 10, whenFull: 'close', listenBelow: 5 }, undefined, stream)
    const guest = () => tls.connect({ host: '127.0.0.1', port, ca }).pipe(framed(lines()))
    for (let round = 0; round < 3; round += 1) {
      let served = 0
      const codes: unknown[] = []
      const all = Array.from({ length: 50 }, () =>
        guest().subscribe({
          next: event => {
            if (event.type === 'open') event.connection.send('hello')
            if (event.type === 'packet') served += 1
          },
          error: (error: unknown) => codes.push(codeOf(error)),
        }),
      )
      const leave = (): void => {
        for (const visit of all) visit.unsubscribe()
      }
      later(leave)
      await eventually(() => server.info().active === 10 && served + server.info().waiting + codes.length === 50)
      expect(served).to.equal(10)
      const late = guest().subscribe({ error: (error: unknown) => codes.push(codeOf(error)) })
      await eventually(() => late.closed)
      expect(codes.at(-1)).to.equal('ECONNREFUSED')
      leave()
      await eventually(() => server.info().active + server.info().waiting === 0)
      await eventually(() => server.listeners.every(({ suspended }) => !suspended))
    }
    expect(server.info()).to.include({ peak: 10, failures: 0 })
  })

  it('closes its port in the workers of a cluster: who is full is dealt nobody, and all of them are refused by the system', async () => {
    const child = clusterProcess(2, { maxConnections: 5, whenFull: 'close', listenBelow: 3 })
    const { port } = (await child.says()) as { readonly port: number }
    const infos = async () => (await child.ask())['infos'] as readonly (ServerInfo & { readonly suspended: boolean })[]
    for (let round = 1; round <= 3; round += 1) {
      const guests: Socket[] = []
      // One after the other: of those who are being dealt out as the last worker closes, Node forgets one.
      while (guests.length < 10) {
        const [guest] = await flood(port, 1)
        if (guest === undefined) throw new Error('refused')
        expect(await echoed(guest, 'in')).to.equal('in')
        guests.push(guest)
      }
      while ((await infos()).some(({ suspended }) => !suspended));
      expect((await infos()).map(({ active }) => active)).to.deep.equal([5, 5])
      expect(await flood(port, 20)).to.deep.equal([])
      for (const guest of guests) guest.resume().end()
      while ((await infos()).some(({ active, suspended }) => active > 0 || suspended));
      expect(await infos()).to.satisfy((all: ServerInfo[]) => all.every(({ accepted }) => accepted === 5 * round))
    }
  })

  it('from one address still serves the others', async () => {
    const { server, port } = await echo({ maxPerAddress: 10 })
    const many = await flood(port, 100)
    const other = await rawClient({ port }, { localAddress: '127.0.0.2' })
    expect(await echoed(other, 'hello')).to.equal('hello')
    const turned = await Promise.all(
      many.map(async socket => Promise.race([gone(socket.resume()), echoed(socket, 'in').catch(() => 'ECONNRESET')])),
    )
    expect(turned.filter(what => what === 'in')).to.have.length(10)
    expect(server.info()).to.deep.include({ active: 11, refused: { full: 0, address: 90, draining: 0, files: 0 } })
  })

  it('that takes all its files serves who is connected meanwhile, and others afterwards', async () => {
    const child = poorServerProcess(60, { maxConnections: 1_000 })
    const { port } = (await child.says()) as { readonly port: number }
    const info = async () => (await child.ask()) as unknown as ServerInfo
    const early = await rawClient({ port })
    expect(await echoed(early, 'early')).to.equal('early')
    const all = await flood(port, 100)
    for (const socket of all) socket.once('end', () => socket.destroy()).resume()
    while (!all.some(({ closed }) => closed)) await info()
    expect(await echoed(early, 'still here')).to.equal('still here')
    for (const socket of all) socket.destroy()
    while ((await info()).active !== 1);
    expect(await echoed(await rawClient({ port }), 'late')).to.equal('late')
    const { accepted, peak, refused, failures, turnedAway } = await info()
    expect(peak).to.be.within(2, 60)
    expect(refused).to.deep.equal({ full: 0, address: 0, draining: 0, files: 102 - accepted })
    expect({ failures, turnedAway }).to.deep.equal({ failures: refused.files, turnedAway: 0 })
  })

  it('with a limit below its files refuses the others by itself, and fails at nothing', async () => {
    const child = poorServerProcess(60, { maxConnections: 10, whenFull: 'refuse' })
    const { port } = (await child.says()) as { readonly port: number }
    for (let round = 0; round < 5; round += 1) for (const socket of await flood(port, 20)) socket.resume()
    const info = async () => (await child.ask()) as unknown as ServerInfo
    while ((await info()).refused.full !== 90);
    expect(await info()).to.include({ active: 10, accepted: 10, failures: 0, turnedAway: 0 })
  })
})

describe('A server', function () {
  this.timeout(30_000)
  afterEach(closeAll)

  it('whose peers are killed, half of them, under load, serves the other half on', async () => {
    const { server, port } = await echo()
    const [doomed, lucky] = [crowd(port, 50), crowd(port, 50)]
    await Promise.all([doomed.says(), lucky.says()])
    expect(server.info().active).to.equal(100)
    await doomed.kill()
    while (server.info().active > 50) await lucky.ask()
    const answers = async () => Number((await lucky.ask())['answers'])
    const before = await answers()
    while ((await answers()) < before + 1_000);
    expect(server.info()).to.include({ active: 50, peak: 100, accepted: 100 })
  })

  it('ends who sends a byte now and then, and never a packet', async () => {
    const { port, closed } = await echo({ firstPacketTimeout: 100 })
    const slow = await rawClient({ port })
    const trickle = setInterval(() => slow.write('x'), 20)
    later(() => {
      clearInterval(trickle)
    })
    expect(await gone(slow.resume())).to.equal('ECONNRESET')
    await eventually(() => closed.length > 0)
    expect(closed).to.deep.equal(['ERR_FIRST_PACKET_TIMEOUT'])
  })

  it('whose handlers throw closes those connections, and goes on with the others', async () => {
    const { server, port, closed } = await echo({}, packets =>
      packets.pipe(
        mergeMap(line => {
          if (line === 'throw') throw new Error('bad')
          return [line]
        }),
      ),
    )
    const [good, ...bad] = await flood(port, 21)
    for (const socket of bad) socket.write('throw\n')
    await Promise.all(bad.map(socket => gone(socket.resume())))
    expect(await echoed(good as Socket, 'good')).to.equal('good')
    expect(closed).to.deep.equal(Array(20).fill('ERR_HANDLER'))
    expect(server.info().active).to.equal(1)
  })

  it('drains on SIGTERM: it answers what it was sent, reports, and its process ends by itself', async () => {
    const child = serverProcess({})
    const { port } = (await child.says()) as { readonly port: number }
    const all = await flood(port, 20)
    expect(await Promise.all(all.map(socket => echoed(socket, 'hello')))).to.deep.equal(Array(20).fill('hello'))
    for (const socket of all) socket.once('end', () => socket.end()).resume()
    const exit = once(child.process, 'exit')
    child.process.kill('SIGTERM')
    expect(await child.says()).to.deep.equal({ phase: 'done', remaining: 0, finished: 20, aborted: 0, bytesLost: 0 })
    expect(await exit).to.deep.equal([0, null])
    await Promise.all(all.map(gone))
    const refused = connect({ port, host: '127.0.0.1' })
    const [error] = (await once(refused, 'error')) as [unknown]
    expect(codeOf(error)).to.equal('ECONNREFUSED')
  })
})
