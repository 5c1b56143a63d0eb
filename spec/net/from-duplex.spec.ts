import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { expect } from 'chai'
import sinon from 'sinon'
import { packets, type ConnectionOptions } from 'sluice'
import { fromDuplex } from 'sluice/net'
import { closeAll, later } from '../support/net/closing.js'
import { duplexPair } from '../support/net/duplex-pair.js'
import { drained, rawServer, take } from '../support/net/peers.js'
import { eventually, turns } from '../support/net/resources.js'
import { bytesOf, watch, type Watch } from '../support/net/watch.js'

const MiB = 1024 * 1024

function over(near: Duplex, options?: ConnectionOptions): Watch {
  return watch(fromDuplex(() => near, options))
}

describe('fromDuplex', () => {
  afterEach(closeAll)

  it('tells the whole life of a duplex', async () => {
    const [near, far] = duplexPair()
    const client = over(near)
    const { connection } = await client.next('open')
    connection.send(Buffer.from('ping'))
    expect(String(await take(far, 4))).to.equal('ping')
    far.end('pong')
    far.resume()
    await client.over()
    expect(client.types).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
    expect(client.all('close')[0]).to.include({ reason: 'remote', bytesUnsent: 0 })
    expect(String(bytesOf(client))).to.equal('pong')
    expect(connection).to.include({ local: undefined, tls: undefined })
    expect(connection.remote).to.deep.equal({ address: 'duplex' })
  })

  it('makes the duplex when it is subscribed to, and another each time', async () => {
    let made = 0
    const stream = fromDuplex(() => {
      made += 1
      return duplexPair()[0]
    })
    expect(made).to.equal(0)
    await Promise.all([watch(stream).next('open'), watch(stream).next('open')])
    expect(made).to.equal(2)
  })

  it('is a dial that fails where the duplex can not be made', async () => {
    const client = watch(
      fromDuplex(() => {
        throw Object.assign(new Error('no duplex today'), { code: 'ENO' })
      }),
    )
    expect(await client.over()).to.include({ code: 'ENO' })
    expect(client.types).to.deep.equal(['connecting', 'close'])
  })

  for (const [what, made] of [
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a side that can only be read', { pipe: () => undefined }],
  ] as const) {
    it(`is a dial that fails where ${what} is made`, async () => {
      const client = watch(fromDuplex(() => made as never))
      expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause: made })
      expect(client.types).to.deep.equal(['connecting', 'close'])
    })
  }

  it('is a dial that fails where the duplex has closed before', async () => {
    const [near] = duplexPair()
    near.destroy()
    await turns(3)
    const client = over(near)
    expect(await client.over()).to.include({ code: 'ERR_NOT_OPEN' })
    expect(client.types).to.deep.equal(['connecting', 'close'])
  })

  it('is a dial that fails with the error of a duplex that has failed before', async () => {
    const [near] = duplexPair()
    near.on('error', () => undefined)
    near.destroy(Object.assign(new Error('broken'), { code: 'EBROKEN' }))
    await turns(3)
    const client = over(near)
    expect(await client.over()).to.include({ code: 'EBROKEN' })
    expect(client.types).to.deep.equal(['connecting', 'close'])
  })

  it('ends on a duplex whose input has ended before', async () => {
    const [near, far] = duplexPair()
    near.resume()
    far.end()
    await turns(3)
    const client = over(near)
    await client.over()
    expect(client.types).to.deep.equal(['connecting', 'open', 'end', 'close'])
  })

  it('fails with the error of the duplex', async () => {
    const [near] = duplexPair()
    const client = over(near)
    await client.next('open')
    near.destroy(Object.assign(new Error('broken'), { code: 'EBROKEN' }))
    expect(await client.over()).to.include({ code: 'EBROKEN' })
    expect(client.all('close')[0]).to.include({ reason: 'error' })
  })

  it('fails with an error of whatever the duplex is destroyed with', async () => {
    const [near] = duplexPair()
    const client = over(near)
    await client.next('open')
    near.destroy('plain text' as never)
    expect(await client.over())
      .to.be.instanceOf(Error)
      .and.include({ message: 'plain text', cause: 'plain text' })
    expect(client.all('close')[0]).to.include({ reason: 'error' })
  })

  for (const method of ['_write', '_writev', 'write', 'end'] as const) {
    it(`closes where ${method} of the duplex throws, and harms nobody else`, async () => {
      const cause = new Error('a bug')
      const [near] = duplexPair()
      near[method] = () => {
        throw cause
      }
      const [other, far] = duplexPair()
      const client = over(near)
      const neighbour = over(other)
      const { connection } = await client.next('open')
      const { connection: healthy } = await neighbour.next('open')
      if (method === '_writev') near._write = (_chunk, _encoding, written) => setImmediate(written)
      for (const size of [1_500, 1_500, 1_500]) connection.send(Buffer.alloc(size))
      connection.end()
      healthy.send(Buffer.from('hello'))
      expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause })
      expect(client.all('close')[0]).to.include({ reason: 'error' })
      expect(near.destroyed).to.equal(true)
      expect(String(await take(far, 5))).to.equal('hello')
    })
  }

  it('closes where the duplex throws at a write that comes later, from within its own code', async () => {
    const cause = new Error('a bug')
    let writes = 0
    const near = new Duplex({
      read() {},
      write(_chunk, _encoding, written) {
        writes += 1
        if (writes > 1) throw cause
        setImmediate(written)
      },
    })
    const client = over(near)
    const { connection } = await client.next('open')
    for (const size of [1_500, 1_500]) connection.send(Buffer.alloc(size))
    expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause })
    expect([writes, near.destroyed]).to.deep.equal([2, true])
  })

  it('destroys the duplex when it aborts', async () => {
    const [near] = duplexPair()
    const client = over(near)
    const { connection } = await client.next('open')
    connection.destroy()
    await client.over()
    expect(near.destroyed).to.equal(true)
    expect(client.all('close')[0]).to.include({ reason: 'local' })
  })

  it('flushes what was sent when it is unsubscribed from', async () => {
    const [near, far] = duplexPair()
    const client = over(near)
    const { connection } = await client.next('open')
    const sent = Buffer.alloc(MiB, 'x')
    connection.send(sent)
    client.unsubscribe()
    expect((await drained(far)).equals(sent)).to.equal(true)
    far.end()
    await eventually(() => near.destroyed)
  })

  it('counts as waiting what the duplex has not taken', async () => {
    const [near, far] = duplexPair(1_000)
    const client = over(near, { writeTimeout: 30 })
    const { connection } = await client.next('open')
    expect(connection.send(Buffer.alloc(100_000))).to.equal(false)
    await turns(3)
    expect(connection.bufferedAmount).to.equal(100_000)
    await take(far, 1)
    expect(await client.over()).to.include({ code: 'ERR_WRITE_TIMEOUT' })
    expect(client.all('close')[0]).to.include({ bytesUnsent: 100_000 })
  })

  it('does not read while it is paused', async () => {
    const [near, far] = duplexPair(1_000)
    const client = over(near)
    const { connection } = await client.next('open')
    const pause = connection.pause()
    let written = 0
    for (let chunk = 0; chunk < 100; chunk += 1) far.write(Buffer.alloc(1_000), () => (written += 1_000))
    await turns(10)
    expect(client.packets).to.deep.equal([])
    expect(written).to.be.lessThan(5_000)
    pause.unsubscribe()
    await client.until(() => bytesOf(client).length === 100_000)
  })

  it("works on a duplex of other streams than this Node's, which pauses in its own way and knows less", async () => {
    const [near, far] = duplexPair()
    for (const name of ['closed', 'errored']) Object.defineProperty(near, name, { value: undefined })
    const pause = sinon.spy(near, 'pause')
    const client = over(near)
    const { connection } = await client.next('open')
    connection.pause().unsubscribe()
    expect(pause.callCount).to.equal(1)
    const sent = Buffer.alloc(MiB, 'x')
    connection.send(sent)
    connection.close()
    expect((await drained(far)).equals(sent)).to.equal(true)
    expect(connection.bufferedAmount).to.equal(0)
  })

  for (const halfOpen of [false, true]) {
    it(`sends what waits behind the end of the peer, on a duplex that would end with it${halfOpen ? ', and more' : ''}`, async () => {
      const [near, far] = duplexPair(1_000, { allowHalfOpen: false })
      const client = over(near, { halfOpen })
      const { connection } = await client.next('open')
      const sent = Buffer.alloc(MiB, 'x')
      connection.send(sent)
      far.end()
      await client.next('end')
      if (halfOpen) connection.send(sent)
      connection.close()
      expect(await drained(far)).to.have.length(halfOpen ? 2 * MiB : MiB)
      expect(await client.over()).to.equal(undefined)
    })
  }

  for (const first of ['ours', 'of its peer'] as const) {
    it(`closes in order on a duplex that does not destroy itself, the first end being ${first}`, async () => {
      const [near, far] = duplexPair(1_000, { autoDestroy: false })
      const client = over(near)
      const { connection } = await client.next('open')
      far.resume().on('end', () => far.end())
      if (first === 'ours') connection.close()
      else far.end('bye')
      expect(await client.over()).to.equal(undefined)
      expect(client.all('close')[0]).to.include({ reason: first === 'ours' ? 'local' : 'remote' })
      expect(near.destroyed).to.equal(true)
    })
  }

  it('does so where the duplex had ended before', async () => {
    const [near, far] = duplexPair(1_000, { autoDestroy: false })
    near.resume()
    far.end()
    await turns(3)
    const client = over(near)
    expect(await client.over()).to.equal(undefined)
    expect(client.types).to.deep.equal(['connecting', 'open', 'end', 'close'])
  })

  it('speaks with a process through its pipes', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] })
    later(() => child.kill())
    const client = watch(fromDuplex(() => Duplex.from({ readable: child.stdout, writable: child.stdin })))
    const { connection } = await client.next('open')
    const sent = Buffer.from(Array.from({ length: 3 * MiB }, (_, index) => index % 251))
    for (let at = 0; at < sent.length; at += 700) connection.send(sent.subarray(at, at + 700))
    connection.close()
    await client.over()
    expect(bytesOf(client).equals(sent)).to.equal(true)
    expect(client.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
  })

  it('tells the end of what a process says, and ends what it is told', async () => {
    // One that left at once might take its input away before the end of its output is read: then there is but a close.
    const child = spawn('sh', ['-c', 'printf bye; exec > /dev/null; cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
    later(() => child.kill())
    const client = watch(fromDuplex(() => Duplex.from({ readable: child.stdout, writable: child.stdin })))
    await client.over()
    expect(String(bytesOf(client))).to.equal('bye')
    expect(client.story).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
  })

  it('takes a socket for what any duplex is', async () => {
    const server = await rawServer(socket => socket.end('hello'))
    const client = watch(fromDuplex(() => connect({ port: server.port, host: '127.0.0.1' })))
    await client.over()
    expect(String(bytesOf(client))).to.equal('hello')
  })

  it('errors where the socket that it was given can not connect', async () => {
    const client = watch(fromDuplex(() => connect({ path: '/nowhere/socket' })))
    expect(await client.over()).to.include({ code: 'ENOENT' })
  })

  it('works on a stream that speaks to itself', async () => {
    const client = over(new PassThrough())
    const { connection } = await client.next('open')
    connection.send(Buffer.from('echo'))
    connection.close()
    await client.over()
    expect(String(bytesOf(client))).to.equal('echo')
  })

  it('refuses wrong options before it makes anything', () => {
    const make = (): never => {
      throw new Error('made')
    }
    expect(() => fromDuplex(make, { closeTimeout: 0, port: 1 } as never))
      .to.throw('closeTimeout must be milliseconds')
      .with.property('message')
      .that.includes('port is not an option')
  })

  it('refuses at once what can not make a duplex', () => {
    expect(() => fromDuplex(undefined as never))
      .to.throw('fromDuplex: make is missing')
      .with.property('code', 'ERR_OPTIONS')
    expect(() => fromDuplex(new PassThrough() as never)).to.throw('make must be a function')
  })

  it('is a stream like any other', async () => {
    const [near, far] = duplexPair()
    const got: string[] = []
    const subscription = fromDuplex(() => near)
      .pipe(packets())
      .subscribe(packet => got.push(String(packet)))
    later(() => {
      subscription.unsubscribe()
      far.destroy()
    })
    far.write('a')
    await eventually(() => got.length === 1)
  })
})
