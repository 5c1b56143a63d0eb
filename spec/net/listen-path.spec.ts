import { once } from 'node:events'
import fs, {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { connect, createServer, Server } from 'node:net'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import sinon from 'sinon'
import { tcp, type PathPlace } from 'sluice/net'
import { echoProcess } from '../support/net/child.js'
import { closeAll, later } from '../support/net/closing.js'
import { directory, freshPath } from '../support/net/directory.js'
import { listening } from '../support/net/pairs.js'
import { rawClient, take } from '../support/net/peers.js'
import { resourcesAtRest, resourcesLeft } from '../support/net/resources.js'
import { watch } from '../support/net/watch.js'

describe('listenPath', function () {
  this.timeout(30_000) // Processes take their time to start.
  afterEach(closeAll)

  it('makes the file, and removes it when the listener closes', async () => {
    const path = freshPath()
    const { server, listener } = await listening(tcp.listen({ path }))
    expect(listener.endpoint).to.deep.equal({ address: path })
    expect(lstatSync(path).isSocket()).to.equal(true)
    listener.close()
    await server.over()
    expect(existsSync(path)).to.equal(false)
  })

  it('removes the file when it is unsubscribed from', async () => {
    const path = freshPath()
    const { server } = await listening(tcp.listen({ path }))
    server.unsubscribe()
    expect(existsSync(path)).to.equal(false)
  })

  for (const mode of [0o600, 0o660, 0o666, 0o777, 0o000]) {
    it(`gives the file the mode ${mode.toString(8)}, whatever the umask`, async () => {
      for (const umask of [0o077, 0o022, 0o000]) {
        const before = process.umask(umask)
        const path = freshPath()
        await listening(tcp.listen({ path, mode }))
        expect(process.umask(before)).to.equal(umask)
        expect(statSync(path).mode & 0o777).to.equal(mode)
      }
    })
  }

  it('leaves the mode to the umask where none is asked for', async () => {
    const before = process.umask(0o027)
    later(() => process.umask(before))
    const path = freshPath()
    await listening(tcp.listen({ path }))
    expect(statSync(path).mode & 0o777).to.equal(0o750)
  })

  it('is born with its mode: at no time may others connect', async () => {
    const path = freshPath()
    const modes: number[] = []
    const listen = sinon.stub(Server.prototype, 'listen').callsFake(function (this: Server, ...args) {
      listen.wrappedMethod.apply(this, args)
      modes.push(statSync(path).mode & 0o777)
      return this
    })
    later(() => {
      listen.restore()
    })
    await listening(tcp.listen({ path, mode: 0o600 }))
    expect(modes).to.deep.equal([0o600])
  })

  it('takes over the file of a server that was killed', async () => {
    const path = await fileOfTheDead()
    const { server } = await listening(tcp.listen({ path, mode: 0o600 }))
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    await rawClient({ path })
    await server.next('open')
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('looks twice, as one that is bound and does not listen yet seems to be dead', async () => {
    const path = freshPath()
    const listens = boundAt(path)
    const late = watch(tcp.listen({ path }))
    listens()
    expect(await late.over()).to.include({ code: 'EADDRINUSE' })
    await rawClient({ path })
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('does not touch a file that has taken the place of the dead one while it was looked behind', async () => {
    const path = await leftBehind()
    const other = await leftBehind()
    const late = watch(tcp.listen({ path }))
    renameSync(other, path)
    const before = lstatSync(path, { bigint: true })
    expect(await late.over()).to.include({ code: 'EADDRINUSE' })
    const { ino, ctimeNs } = lstatSync(path, { bigint: true })
    expect([ino, ctimeNs]).to.deep.equal([before.ino, before.ctimeNs])
  })

  it('gives back a file that has taken the place of the dead one as that was moved', async () => {
    const path = await leftBehind()
    const other = await leftBehind()
    const { ino } = lstatSync(other)
    const rename = sinon.stub(fs, 'renameSync').callsFake((from, to) => {
      rename.wrappedMethod(other, path)
      rename.wrappedMethod(from, to)
    })
    syncBuiltinESMExports()
    later(() => {
      rename.restore()
      syncBuiltinESMExports()
    })
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(rename.callCount).to.equal(1)
    expect(lstatSync(path).ino).to.equal(ino)
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  for (const [what, place] of [
    ['at once', freshPath],
    ['after it has taken over another', leftBehind],
  ] as const) {
    it(`errors where its file is removed ${what}, before it has its mode`, async () => {
      const path = await place()
      const before = await resourcesAtRest()
      const listen = sinon.stub(Server.prototype, 'listen').callsFake(function (this: Server, ...args) {
        listen.wrappedMethod.apply(this, args)
        unlinkSync(path)
        return this
      })
      later(() => {
        listen.restore()
      })
      const server = watch(tcp.listen({ path, mode: 0o600 }))
      expect(await server.over()).to.include({ code: 'ENOENT' })
      expect(server.types).to.deep.equal([])
      expect(await resourcesLeft(before)).to.deep.equal(before)
    })
  }

  it('never takes over the file of a server that lives', async () => {
    const path = freshPath()
    const alive = echoProcess(path)
    await alive.says()
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    const peer = await rawClient({ path })
    peer.write('still here')
    expect(String(await take(peer, 10))).to.equal('still here')
  })

  it('never takes over the file of a server that is too busy to take in one more', async () => {
    const path = freshPath()
    await workerAt({ path, backlog: 1, stalls: true })
    const said: unknown[] = []
    while (said.length < 10 && !said.includes('EAGAIN')) said.push(await knock(path))
    expect(said).to.include('EAGAIN')
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('never takes over a file that it may not look behind', async () => {
    const path = await fileOfTheDead()
    chmodSync(path, 0)
    chmodSync(dirname(path), 0o777)
    if (process.geteuid?.() === 0) becomeNobody()
    expect(await knock(path)).to.equal('EACCES')
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('gives the file its mode in a worker thread, which has no umask of its own', async () => {
    for (const mode of [0o600, 0o666]) {
      const path = freshPath()
      await workerAt({ path, mode, stalls: false })
      expect(statSync(path).mode & 0o777).to.equal(mode)
    }
  })

  it('never takes over the file of a server of this process', async () => {
    const path = freshPath()
    const { server } = await listening(tcp.listen({ path }))
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    await rawClient({ path })
    await server.next('open')
  })

  it('lets one of several have it that start at the same time', async () => {
    const path = await fileOfTheDead()
    const starters = [watch(tcp.listen({ path })), watch(tcp.listen({ path })), watch(tcp.listen({ path }))]
    const winner = await Promise.any(starters.map(starter => starter.next('listening').then(() => starter)))
    for (const starter of starters) {
      if (starter !== winner) expect(await starter.over()).to.include({ code: 'EADDRINUSE' })
    }
    await rawClient({ path })
    await winner.next('open')
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('lets one of several processes have it that start at the same time', async () => {
    const path = await fileOfTheDead()
    const starters = [1, 2, 3, 4].map(() => echoProcess(path))
    const said = await Promise.all(starters.map(starter => starter.says()))
    expect(said.filter(({ endpoint }) => endpoint !== undefined)).to.have.length(1)
    expect(said.filter(({ code }) => code === 'EADDRINUSE')).to.have.length(3)
    const peer = await rawClient({ path })
    peer.write('hello')
    expect(String(await take(peer, 5))).to.equal('hello')
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('never removes a file that is no socket', async () => {
    const path = freshPath()
    writeFileSync(path, 'precious')
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(readFileSync(path, 'utf8')).to.equal('precious')
    expect(readdirSync(dirname(path))).to.deep.equal(['socket'])
  })

  it('never removes a file that a link at the path leads to, nor the link', async () => {
    const path = freshPath()
    const precious = join(directory(), 'precious')
    writeFileSync(precious, 'precious')
    symlinkSync(precious, path)
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(readFileSync(path, 'utf8')).to.equal('precious')
  })

  it('never removes a directory', async () => {
    const path = directory()
    expect(await watch(tcp.listen({ path })).over()).to.include({ code: 'EADDRINUSE' })
    expect(statSync(path).isDirectory()).to.equal(true)
  })

  it('binds nothing when it is unsubscribed from while it looks at what is there', async () => {
    const path = await fileOfTheDead()
    const server = watch(tcp.listen({ path }))
    server.unsubscribe()
    const { server: next } = await listening(tcp.listen({ path }))
    expect(server.types).to.deep.equal([])
    expect(next.types).to.deep.equal(['listening'])
  })

  for (const [what, name, fault] of [
    ['is longer than the system can have', 'x'.repeat(200), /path must have at most \d+ bytes/],
    ['the system would read up to its NUL', 'socket\0x', /path must have no NUL within/],
  ] as const) {
    it(`refuses a path that ${what}, before it binds or dials the beginning of it`, () => {
      const path = join(directory(), name)
      for (const open of [() => tcp.listen({ path }), () => tcp.connect({ path })])
        expect(open).to.throw(fault).with.property('code', 'ERR_OPTIONS')
    })
  }

  it('passes on the name of a socket that Linux keeps without a file', async function () {
    if (process.platform !== 'linux') this.skip()
    const path = `\0${freshPath()}`
    const { server } = await listening(tcp.listen({ path }))
    await watch(tcp.connect({ path })).next('open')
    await server.next('open')
  })

  for (const pipe of [String.raw`\\.\pipe\sluice`, String.raw`\\?\pipe\sluice`]) {
    it(`passes on the name of a Windows pipe: ${pipe}`, () => {
      const listen = sinon.stub(Server.prototype, 'listen').returnsThis()
      later(() => {
        listen.restore()
      })
      watch(tcp.listen({ path: pipe, mode: 0o600 }))
      expect(listen.lastCall.args).to.deep.equal([{ path: pipe, backlog: 511 }])
    })
  }
})

/** A server in a worker thread. */
async function workerAt(place: PathPlace & { readonly stalls: boolean }): Promise<void> {
  const worker = new Worker(new URL('../support/net/children/path-worker.js', import.meta.url), { workerData: place })
  later(() => worker.terminate())
  await once(worker, 'message')
}

/** Dials a path, and tells what comes of it. */
function knock(path: string): Promise<string | undefined> {
  return new Promise(tell => {
    const socket = connect({ path })
    later(() => socket.destroy())
    socket.once('connect', () => {
      tell('connect')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      tell(code)
    })
  })
}

/** Root may do everything: until the spec is over, we are somebody who may not. */
function becomeNobody(): void {
  process.seteuid?.(65_534)
  later(() => process.seteuid?.(0))
}

interface Handle {
  listen(backlog: number): number
}

/** Binds a path, and answers how to have it listen. */
function boundAt(path: string): () => void {
  const [server, other] = [createServer(), createServer().listen({ path: freshPath() })]
  const listen = sinon.stub(Object.getPrototypeOf(handleOf(other)) as Handle, 'listen').returns(0)
  server.listen({ path })
  listen.restore()
  for (const bound of [server, other]) later(() => bound.close())
  return () => {
    handleOf(server).listen(511)
  }
}

function handleOf(server: Server): Handle {
  return (server as unknown as { readonly _handle: Handle })._handle
}

/** A path at which a server has left its file, as if it had been killed. */
async function leftBehind(): Promise<string> {
  const [path, kept] = [freshPath(), freshPath()]
  const { server } = await listening(tcp.listen({ path }))
  linkSync(path, kept)
  server.unsubscribe()
  return kept
}

/** A path at which a killed server has left its file. */
async function fileOfTheDead(): Promise<string> {
  const path = freshPath()
  const server = echoProcess(path)
  await server.says()
  await server.kill()
  return path
}
