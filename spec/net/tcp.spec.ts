import { once } from 'node:events'
import { expect } from 'chai'
import { tcp } from 'sluice/net'
import { closeAll } from '../support/net/closing.js'
import { listening, overTcp, overUnix, pair } from '../support/net/pairs.js'
import { drained, gone, rawClient, rawServer } from '../support/net/peers.js'
import { eventually, resourcesAtRest, resourcesLeft } from '../support/net/resources.js'
import { bytesOf, watch } from '../support/net/watch.js'

const host = '127.0.0.1'

describe('tcp', () => {
  afterEach(closeAll)

  it('opens nothing until it is subscribed to', async () => {
    const server = await rawServer()
    const unused = [tcp.connect({ host, port: server.port })]
    const { endpoint } = (await listening(tcp.listen({ host, port: 0 }))).listener
    unused.push(tcp.listen({ host, port: endpoint.port ?? 0 }))
    await rawClient({ port: server.port })
    expect(unused).to.have.length(2)
    expect(server.sockets).to.have.length(1)
  })

  it('dials anew for each subscription', async () => {
    const server = await rawServer()
    const stream = tcp.connect({ host, port: server.port })
    const [first, second] = [watch(stream), watch(stream)]
    const [one, other] = [await first.next('open'), await second.next('open')]
    expect(one.connection.id).not.to.equal(other.connection.id)
    await server.socket(2)
  })

  it('tells the whole life of a connection, on both sides', async () => {
    const { server, client, here, there } = await pair(overTcp)
    here.send(Buffer.from('ping'))
    await server.next('packet')
    there.send(Buffer.from('pong'))
    await client.next('packet')
    here.close()
    await client.over()
    await server.next('close')

    expect(client.types).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
    expect(server.types).to.deep.equal(['listening', 'open', 'packet', 'end', 'close'])
    expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
    expect(server.all('close')[0]).to.include({ reason: 'remote', bytesUnsent: 0 })
    expect(client.ended).to.equal('complete')
    expect(server.ended).to.equal(undefined)
  })

  it('says where both ends are, while connecting, open and closed', async () => {
    const { server, client, listener, here, there } = await pair(overTcp)
    const { port = 0 } = listener.endpoint
    expect(here.remote).to.deep.equal({ address: host, port, family: 'IPv4' })
    expect(here.local).to.deep.equal(there.remote)
    expect(there.local).to.deep.equal(here.remote)
    const ends = [here.local, here.remote, there.local, there.remote]

    here.close()
    await Promise.all([client.over(), server.next('close')])
    expect([here.local, here.remote, there.local, there.remote]).to.deep.equal(ends)
  })

  it('tells the target as the remote end while it connects', async () => {
    const server = await rawServer()
    const remotes: unknown[] = []
    const client = watch(tcp.connect({ host, port: server.port }), ({ type, ...event }) => {
      if (type === 'connecting' && 'connection' in event) remotes.push(event.connection.remote)
    })
    await client.next('open')
    expect(remotes).to.deep.equal([{ address: host, port: server.port, family: 'IPv4' }])
  })

  it('names both ends of a Unix socket by its path', async () => {
    const { listener, here, there } = await pair(overUnix)
    const end = { address: listener.endpoint.address }
    expect([here.local, here.remote, there.local, there.remote]).to.deep.equal([end, end, end, end])
  })

  it('delivers bytes in order, and counts them', async () => {
    const { server, here, there } = await pair(overTcp)
    const chunks = [1, 10_000, 3, 200_000, 0, 70].map((size, index) => Buffer.alloc(size, index))
    for (const chunk of chunks) here.send(chunk)
    const all = Buffer.concat(chunks)
    await server.until(() => there.bytesRead === all.length)
    expect(bytesOf(server).equals(all)).to.equal(true)
    expect(here).to.include({ bytesAccepted: all.length, bytesWritten: all.length, bufferedAmount: 0 })
  })

  it('keeps several connections apart', async () => {
    const { server, listener } = await listening(tcp.listen({ host, port: 0 }), event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    })
    const { port = 0 } = listener.endpoint
    const clients = await Promise.all(
      ['a', 'b', 'c'].map(async letter => {
        const client = watch(tcp.connect({ host, port }))
        const { connection } = await client.next('open')
        return { client, connection, text: letter.repeat(1_000) }
      }),
    )
    for (let index = 0; index < 1_000; index += 100) {
      for (const { connection, text } of clients) connection.send(Buffer.from(text.slice(index, index + 100)))
      await Promise.all(clients.map(({ client }) => client.until(() => bytesOf(client).length === index + 100)))
    }
    expect(clients.map(({ client }) => bytesOf(client).toString())).to.deep.equal(clients.map(({ text }) => text))
    const ids = server.all('open').map(({ connection }) => connection.id)
    expect(new Set(ids).size).to.equal(3)
  })

  it('completes a listening stream after the listener and the last connection have closed', async () => {
    const { server, client, listener, here } = await pair(overTcp)
    listener.close()
    expect(server.ended).to.equal(undefined)
    here.send(Buffer.from('still there'))
    await server.next('packet')
    here.close()
    await client.over()
    await server.over()
    expect(server).to.include({ ended: 'complete' })
  })

  it('completes a listening stream at once when its listener closes and it has no connection', async () => {
    const { server, listener } = await listening(tcp.listen({ host, port: 0 }))
    listener.close()
    expect(server.ended).to.equal('complete')
    const refused = watch(tcp.connect({ host, port: listener.endpoint.port ?? 1 }))
    expect(await refused.over()).to.include({ code: 'ECONNREFUSED' })
  })

  it('half-closes: the peer may go on after our end', async () => {
    const { server, client, here, there } = await pair(overTcp, { there: { halfOpen: true } })
    here.end()
    await server.next('end')
    expect(here.state).to.equal('closing')
    there.send(Buffer.from('one more thing'))
    await client.next('packet')
    there.end()
    await Promise.all([client.over(), server.next('close')])
    expect(client.all('close')[0]).to.include({ reason: 'local' })
    expect(client.all('close')[0]).not.to.have.property('error')
  })

  it('answers the end of the peer with its own, what is sent in answer included', async () => {
    const { listener } = await listening(tcp.listen({ host, port: 0 }), event => {
      if (event.type === 'end') event.connection.send(Buffer.from('bye'))
    })
    const peer = await rawClient({ port: listener.endpoint.port ?? 0 })
    peer.end('hello')
    expect((await drained(peer)).toString()).to.equal('bye')
  })

  it('goes on after the end of the peer where half-open is asked for', async () => {
    const { server, listener } = await listening(tcp.listen({ host, port: 0, halfOpen: true }))
    const peer = await rawClient({ port: listener.endpoint.port ?? 0 })
    const { connection } = await server.next('open')
    peer.end()
    await server.next('end')
    expect(connection.state).to.equal('open')
    expect(connection.send(Buffer.from('late'))).to.equal(true)
    connection.close()
    expect((await drained(peer)).toString()).to.equal('late')
  })

  it('aborts with a reset, which the peer sees', async () => {
    const { server, client, here } = await pair(overTcp)
    here.destroy()
    await client.over()
    const { reason, error } = await server.next('close')
    expect(client.all('close')[0]).to.include({ reason: 'local' })
    expect(client.ended).to.equal('complete')
    expect(reason).to.equal('error')
    expect(error).to.include({ code: 'ECONNRESET' })
    expect(server.types).not.to.include('end')
  })

  for (const state of ['open', 'ending', 'ended'] as const) {
    it(`leaves nothing of a connection that is aborted while ${state}`, async () => {
      const server = await rawServer(socket => socket.resume())
      const before = await resourcesAtRest()
      const client = watch(tcp.connect({ host, port: server.port, halfOpen: true }))
      const { connection } = await client.next('open')
      const peer = await server.socket()
      if (state !== 'open') connection.end()
      if (state === 'ended') await once(peer, 'end')
      connection.destroy()
      await client.over()
      expect(client.types).to.deep.equal(['connecting', 'open', 'close'])

      await eventually(() => !peer.write('are you there?') && peer.destroyed)
      await gone(peer)
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  }

  it('flushes what was sent when it is unsubscribed from', async () => {
    const server = await rawServer()
    const client = watch(tcp.connect({ host, port: server.port }))
    const { connection } = await client.next('open')
    const sent = Buffer.alloc(3_000_000, 'x')
    connection.send(sent)
    client.unsubscribe()
    const peer = await server.socket()
    peer.end('unheard')
    expect((await drained(peer)).equals(sent)).to.equal(true)
    expect(client.types).to.deep.equal(['connecting', 'open'])
  })
})
