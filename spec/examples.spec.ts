import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { framed, lines } from 'sluice/framing'
import { tcp, upgrade } from 'sluice/net'
import { bound, dialled, freePort } from './examples/peer.js'
import { Program, example } from './examples/program.js'
import * as certificates from './support/net/certificates.js'
import { closeAll, later } from './support/net/closing.js'
import { directory } from './support/net/directory.js'

describe('The examples', function () {
  this.timeout(30_000) // They are programs of their own, which take a while to start where there is much else to do.
  afterEach(closeAll)

  it('echo-server sends back every line', async () => {
    const server = example('echo-server', [0])
    const [, port] = await server.says(/listening on port (\d+)/)
    const peer = await dialled(Number(port))
    peer.sends('hel')
    peer.sends('lo\nworld\n')
    await peer.receives('hello\nworld\n')
    peer.socket.end()
    await server.says(/close: port \d+, remote/)
  })

  it('line-client sends its input, prints the answers, and ends when all is answered', async () => {
    const server = await bound()
    const client = example('line-client', [server.port])
    client.hears('one\ntwo')
    const peer = await server.next()
    await peer.receives('one\ntwo\n')
    peer.sends('ONE\nTWO\n')
    peer.socket.end()
    expect(await client.ends()).to.deep.equal(['ONE', 'TWO'])
  })

  it('reconnecting-client comes back, and leaves when it is told to', async () => {
    const server = await bound()
    const client = example('reconnecting-client', [server.port])
    const first = await server.next()
    first.sends('one\n')
    await client.says(/one/)
    first.socket.resetAndDestroy()
    const second = await server.next()
    second.sends('two\n')
    await client.says(/two/)
    client.interrupt()
    const said = await client.ends()
    expect(said.map(line => line.replace(/\d+ ms/, 'n ms'))).to.deep.equal([
      'session 1',
      'one',
      'lost: read ECONNRESET',
      'attempt 1 in n ms',
      'session 2',
      'two',
      'left',
    ])
  })

  it('websocket-chat-server and its clients let them talk who have a name', async () => {
    const port = await freePort()
    const server = example('websocket-chat-server', [port])
    await server.says(/listening on port/)
    const nobody = example('websocket-chat-client', [port])
    expect(await nobody.ends()).to.deep.equal(['refused with 401: who are you?'])
    const [ada, bob] = ['ada', 'bob'].map(name => example('websocket-chat-client', [port, name]))
    await Promise.all([ada?.says(/session 1/), bob?.says(/session 1/)])
    ada?.hearsOf('hello\n')
    await Promise.all([ada?.says(/ada: hello/), bob?.says(/ada: hello/)])
    server.terminate()
    await server.ended()
    const again = example('websocket-chat-server', [port])
    await Promise.all([ada?.says(/session 2/), bob?.says(/session 2/)])
    bob?.hears('back again\n')
    await ada?.says(/bob: back again/)
    await bob?.ends()
    const page = await fetch(`http://localhost:${port}/`)
    expect(await page.text()).to.equal('The chat is at /chat?name=…\n')
    again.terminate()
  })

  it('fresh-credentials reads its token anew for each attempt', async () => {
    const file = join(directory(), 'token')
    writeFileSync(file, 'stale\n')
    const server = await bound()
    const client = example('fresh-credentials', [file, server.port])
    const first = await server.next()
    await first.receives('AUTH stale\n')
    writeFileSync(file, 'fresh\n')
    first.socket.end()
    const second = await server.next()
    await second.receives('AUTH fresh\n')
    second.sends('welcome\n')
    await client.says(/welcome/)
    expect(client.lines).to.deep.equal(['attempt 1: the server has closed', 'welcome'])
  })

  it('custom-codec reads sentences, however they are cut, and closes on a wrong one', async () => {
    const server = await bound()
    const client = example('custom-codec', [server.port])
    const receiver = await server.next()
    receiver.sends('$GPGLL,5133.81,N,00042')
    receiver.sends('.25,W*75\r\n\r\n')
    await client.says(/^GPGLL: 5133.81 N 00042.25 W$/)
    receiver.sends('$GPGLL,5133.81,N,00042.25,E*75\r\n')
    await client.says(/not a sentence of NMEA: \$GPGLL/)
    await receiver.closes()
    await client.ends()
  })

  it('custom-transport talks to a program', async () => {
    const client = example('custom-transport')
    expect(await client.ends()).to.deep.equal(['HELLO'])
  })

  it('starttls goes on over TLS', async () => {
    const trusted = join(directory(), 'ca.pem')
    writeFileSync(trusted, certificates.ca)
    const client = example('starttls', ['localhost', await mailServer()], { NODE_EXTRA_CA_CERTS: trusted })
    expect(await client.ends()).to.deep.equal([
      '       220 ready',
      '       250-localhost',
      '       250 STARTTLS',
      '       220 go ahead',
      'TLSv1.3 250-localhost',
      'TLSv1.3 250 AUTH PLAIN',
      'TLSv1.3 221 bye',
    ])
  })

  it('slow-consumer holds back a server that sends more than it handles', async () => {
    const server = await bound()
    const client = example('slow-consumer', [server.port])
    const fast = await server.next()
    fast.sends('y\n'.repeat(2 ** 24))
    await client.says(/100 lines handled/)
    expect(fast.socket.writableLength).to.be.greaterThan(0)
    const said = await client.ends()
    expect(said).to.have.length(101)
    expect(Number(/(\d+) bytes read/.exec(said[99] ?? '')?.[1])).to.be.below(2 ** 20)
  })

  it('marble-test passes', async () => {
    expect(await example('marble-test').ends()).to.deep.equal(['all is as drawn'])
  })

  const redis = spawnSync('redis-server', ['--version']).error === undefined
  it(`redis speaks to a real server${redis ? '' : ' (skipped: there is no redis-server here)'}`, async function () {
    if (!redis && process.env['CI'] !== 'true') this.skip()
    const port = await freePort()
    await redisServer(port)
    const batches = [
      'PING',
      'SET greeting hello; RPUSH list a b',
      'GET greeting; GET nothing; LRANGE list 0 -1; INCR list',
    ]
    const client = example('redis', [port, ...batches])
    expect(await client.ends()).to.deep.equal([
      'PONG',
      'OK',
      '2',
      'hello',
      'null',
      "[ 'a', 'b' ]",
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ])
  })

  it(`balanced-redis goes on while one of two real servers is stopped and started${redis ? '' : ' (skipped: there is no redis-server here)'}`, async function () {
    if (!redis && process.env['CI'] !== 'true') this.skip()
    const [port, other] = [await freePort(), await freePort()]
    const server = await redisServer(port)
    await redisServer(other)
    const client = example('balanced-redis', [port, other])
    for (const member of [`${port}#1`, `${port}#2`, `${other}#1`, `${other}#2`])
      await client.says(new RegExp(`:${member} open, session 1$`))
    await client.says(/^100 answered, 0 lost$/)
    server.interrupt()
    await server.ends()
    for (const member of [`${port}#1`, `${port}#2`]) await client.says(new RegExp(`:${member} closed$`))
    const answered = Math.max(...client.lines.map(line => parseInt(/^\d+ answered/.exec(line)?.[0] ?? '0')))
    await client.says(new RegExp(`^${answered + 200} answered`))
    await redisServer(port)
    for (const member of [`${port}#1`, `${port}#2`]) await client.says(new RegExp(`:${member} open, session 2$`))
    client.interrupt()
    expect(await client.ends()).to.include('left')
    expect(client.lines.filter(line => line.includes(`:${other}#`) && line.includes('closed'))).to.deep.equal([])
  })

  const memcached = spawnSync('memcached', ['--version']).error === undefined
  it(`memcached speaks to a real server${memcached ? '' : ' (skipped: there is no memcached here)'}`, async function () {
    if (!memcached && process.env['CI'] !== 'true') this.skip()
    const port = await freePort()
    const server = new Program('memcached', ['-vv', '-l', '127.0.0.1', '-p', String(port), '-u', 'nobody'])
    await server.says(/server listening/)
    const commands = ['set greeting hello', 'get greeting', 'get nothing', 'delete greeting', 'stat', 'dance']
    const client = example('memcached', [port, ...commands])
    const said = await client.ends()
    const [stats, others] = [true, false].map(stat => said.filter(line => line.startsWith('stat') === stat))
    expect(others).to.deep.equal([
      'set greeting hello: ',
      'get greeting: hello',
      'get nothing: Not found',
      'delete greeting: ',
      'dance: Unknown command',
    ])
    expect(stats).to.include('stat: cmd_get = 2')
    expect(stats?.at(-1)).to.equal('stat: ')
  })

  it('server refuses who is too many, and answers what it was asked before it goes', async () => {
    const server = example('server', [0])
    const [, port] = await server.says(/listening on port (\d+)/)
    const [busy, idle] = [await dialled(Number(port)), await dialled(Number(port))]
    idle.sends('hello\n')
    await idle.receives('hello\n')
    const third = await dialled(Number(port))
    await third.receives('sorry: full\n')
    await third.closes()
    busy.sends('still here?\n')
    idle.sends('and I?\n')
    await idle.receives('hello\nand I?\n')
    server.terminate()
    await busy.closes()
    await idle.closes()
    expect(busy.received).to.match(/closing\n/)
    expect(await server.ends()).to.include.members(['refused: full', '2 finished, 0 aborted, 0 bytes lost'])
  })

  it('server gives up what is in flight at the second signal', async () => {
    const server = example('server', [0, 60_000])
    const [, port] = await server.says(/listening on port (\d+)/)
    const stuck = await dialled(Number(port))
    stuck.sends('hello\n')
    server.terminate()
    await stuck.receives('closing\n')
    server.terminate()
    await stuck.closes()
    expect(await server.ends()).to.include('0 finished, 1 aborted, 0 bytes lost')
  })

  it('cluster answers from each of its processes, and drains all of them', async () => {
    const server = example('cluster', [0, 2])
    const [, first] = await server.says(/1 is listening on port (\d+)/)
    const [, second] = await server.says(/2 is listening on port (\d+)/)
    expect(first).to.equal(second)
    const peers = await Promise.all(Array.from({ length: 4 }, () => dialled(Number(first))))
    for (const peer of peers) peer.sends('hello\n')
    for (const peer of peers) while (peer.received === '') await once(peer.socket, 'data')
    // Each process gets one, and the others go to whichever is the first to be free again.
    const answered = (id: number) => peers.filter(({ received }) => received === `${id}: hello\n`).length
    expect([answered(1), answered(2)]).to.satisfy(
      ([one = 0, two = 0]: number[]) => one > 0 && two > 0 && one + two === 4,
    )
    server.terminate()
    await Promise.all(peers.map(peer => peer.closes()))
    const reports = [1, 2].map(id => `${id}: ${answered(id)} finished, 0 aborted`)
    expect(await server.ends()).to.include.members(reports)
  })

  it('are all run here', () => {
    const examples = readdirSync('examples').flatMap(file => /^(.*)\.ts$/.exec(file)?.[1] ?? [])
    const run = [...readFileSync('spec/examples.spec.ts', 'utf8').matchAll(/example\('([\w-]+)'/g)].map(
      ([, name]) => name,
    )
    expect([...new Set(run)]).to.have.members(examples)
  })
})

/** A real Redis that keeps nothing, once it is ready. */
async function redisServer(port: number): Promise<Program> {
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: directory() }
  const server = new Program(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
  )
  await server.says(/Ready to accept connections/)
  return server
}

/** A mail server that can say hello, go on over TLS, and say goodbye; answers its port. */
function mailServer(): Promise<number> {
  const { cert, key } = certificates.server
  const server = tcp.listen({ port: 0, host: '127.0.0.1' }).pipe(framed(lines()))
  return new Promise<number>(resolve => {
    const subscription = server.subscribe(event => {
      if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      if (event.type === 'open') event.connection.send('220 ready')
      if (event.type !== 'packet') return
      const { connection, packet } = event
      switch (packet) {
        case 'EHLO localhost':
          connection.send('250-localhost')
          connection.send(connection.tls === undefined ? '250 STARTTLS' : '250 AUTH PLAIN')
          break
        case 'STARTTLS':
          connection.send('220 go ahead')
          void upgrade(connection, { role: 'server', cert, key })
          break
        default:
          connection.send('221 bye')
          connection.close()
      }
    })
    later(() => {
      subscription.unsubscribe()
    })
  })
}
