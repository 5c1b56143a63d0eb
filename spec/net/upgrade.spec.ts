import { connect as connectSocket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs'
import type { Connection, ConnectionEvent, Endpoint, TlsSession } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { fromDuplex, tcp, upgrade, type TlsClientOptions, type TlsServerOptions } from 'sluice/net'
import { memory } from 'sluice/testing'
import { ca, client, fingerprint, server, stranger } from '../support/net/certificates.js'
import { closeAll, later } from '../support/net/closing.js'
import { duplexPair } from '../support/net/duplex-pair.js'
import { listening, overTcp, overUnix, pair, type Pair } from '../support/net/pairs.js'
import { drained, rawClient, rawServer, take } from '../support/net/peers.js'
import { eventually, resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { bytesOf, watch } from '../support/net/watch.js'
import { optionFaults } from '../support/option-faults.js'

const host = '127.0.0.1'

/** With what a handshake fails whose connection is gone. */
const ended = ['ERR_HANDSHAKE_ENDED', 'ERR_CLOSE_TIMEOUT', 'ECONNRESET', 'EPIPE']

function asServer(connection: Connection<never>, options: TlsServerOptions = {}): Observable<TlsSession> {
  return upgrade(connection, { role: 'server', ...server, ...options })
}

function asClient(connection: Connection<never>, options: TlsClientOptions = {}): Observable<TlsSession> {
  return upgrade(connection, { role: 'client', ca, ...options })
}

/** Goes on TLS when it is asked to, and then answers lines with themselves. */
async function lineServer(): Promise<{ readonly port: number; readonly packets: readonly string[] }> {
  const packets: string[] = []
  const { port = 0 } = await new Promise<Endpoint>(resolve => {
    const subscription = tcp
      .listen({ host, port: 0 })
      .pipe(framed(lines()))
      .subscribe(event => {
        if (event.type === 'listening') resolve(event.listener.endpoint)
        if (event.type !== 'packet') return
        packets.push(event.packet)
        if (event.packet === 'STARTTLS') void asServer(event.connection)
        else if (event.connection.tls !== undefined) event.connection.send(event.packet)
      })
    later(() => {
      subscription.unsubscribe()
    })
  })
  return { port, packets }
}

/** Puts both ends on TLS. */
async function secured({ here, there }: Pair, options: TlsClientOptions = {}): Promise<TlsSession[]> {
  return Promise.all([lastValueFrom(asClient(here, options)), lastValueFrom(asServer(there))])
}

/** The error of an answer. */
async function failure(answer: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(answer).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('upgrade', () => {
  afterEach(closeAll)

  for (const pairing of [overTcp, overUnix]) {
    it(`puts both ends of ${pairing.name} on TLS, in place`, async () => {
      const both = await pair(pairing)
      const { server: told, client: heard, here, there } = both
      const { id, local, remote } = here
      here.send(Buffer.from('clear'))
      await told.next('packet')
      expect([here.tls, there.tls]).to.deep.equal([undefined, undefined])

      const [session] = await secured(both, { servername: 'localhost' })
      expect(session).to.include({ authorized: true, protocol: 'TLSv1.3' })
      expect(session?.peer?.fingerprint256).to.equal(fingerprint(server))
      expect(here.tls).to.equal(session)
      here.send(Buffer.from('question'))
      await told.next('packet', 2)
      there.send(Buffer.from('answer'))
      await heard.next('packet')
      here.close()
      await Promise.all([heard.over(), told.next('close')])

      expect([String(bytesOf(told)), String(bytesOf(heard))]).to.deep.equal(['clearquestion', 'answer'])
      expect(heard.types).to.deep.equal(['connecting', 'open', 'packet', 'end', 'close'])
      expect(told.types).to.deep.equal(['listening', 'open', 'packet', 'packet', 'end', 'close'])
      expect(here).to.deep.include({ id, local, remote })
    })
  }

  it('acts at once, and remembers its answer for who asks late', async () => {
    const { here, there } = await pair(overTcp)
    const answers = [asClient(here), asServer(there)]
    await eventually(() => here.tls !== undefined && there.tls !== undefined)
    for (const answer of answers) expect(await firstValueFrom(answer)).to.include({ protocol: 'TLSv1.3' })
  })

  it('sends in clear what was sent before, and nothing afterwards', async () => {
    const served = await lineServer()
    const wire: Buffer[] = []
    const relay = await rawServer(socket => {
      const onward = connectSocket({ host, port: served.port })
      later(() => onward.destroy())
      socket.on('data', (chunk: Buffer) => wire.push(chunk))
      socket.pipe(onward).pipe(socket)
    })
    const { connection } = await watch(tcp.connect({ host, port: relay.port })).next('open')
    const long = 'before '.repeat(8_000)
    for (let count = 0; count < 100; count += 1) connection.send(Buffer.from(`${long}\n`))
    connection.send(Buffer.from('STARTTLS\n'))
    const answer = lastValueFrom(asClient(connection))
    connection.send(Buffer.from('the secret\n'))
    expect(connection.bufferedAmount).to.be.greaterThan(11)
    await answer
    await eventually(() => served.packets.includes('the secret'))
    expect(served.packets).to.deep.equal([...Array.from({ length: 100 }, () => long), 'STARTTLS', 'the secret'])
    const seen = Buffer.concat(wire)
    expect([seen.includes('STARTTLS'), seen.includes('the secret')]).to.deep.equal([true, false])
  })

  it('takes what is behind the last packet in clear for TLS, also in the same segment', async () => {
    const served = await lineServer()
    const peer = await rawClient({ port: served.port })
    const [near, far] = duplexPair()
    far.once('data', (hello: Buffer) => {
      peer.write(Buffer.concat([Buffer.from('STARTTLS\n'), hello]))
      far.pipe(peer).pipe(far)
    })
    const secure = connectTls({ socket: near, ca, servername: 'localhost' })
    later(() => secure.destroy())
    secure.write('EHLO\n')
    expect(String(await take(secure, 5))).to.equal('EHLO\n')
    expect(served.packets).to.deep.equal(['STARTTLS', 'EHLO'])
  })

  it('serves a client whose bytes come one at a time', async () => {
    const { server: told, listener } = await listening(overTcp.listen())
    const peer = connectSocket({ host, port: listener.endpoint.port ?? 0, noDelay: true })
    later(() => peer.destroy())
    const { connection } = await told.next('open')
    const [near, far] = duplexPair()
    far.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 1) peer.write(chunk.subarray(at, at + 1))
    })
    peer.pipe(far)
    const secure = connectTls({ socket: near, ca, servername: 'localhost' })
    later(() => secure.destroy())
    await lastValueFrom(asServer(connection))
    secure.write('hello')
    await told.until(() => String(bytesOf(told)) === 'hello')
  })

  it('works over any duplex', async () => {
    const [near, far] = duplexPair()
    const ends = [near, far].map(duplex => watch(fromDuplex(() => duplex)))
    const [here, there] = await Promise.all(ends.map(async end => (await end.next('open')).connection))
    if (here === undefined || there === undefined) throw new Error('not open')
    await Promise.all([lastValueFrom(asServer(there)), lastValueFrom(asClient(here))])
    here.send(Buffer.from('hello'))
    await ends[1]?.next('packet')
    here.close()
    await Promise.all(ends.map(end => end.over()))
    expect(ends[0]?.types).to.deep.equal(['connecting', 'open', 'end', 'close'])
  })

  it('emits nothing while paused, and goes on afterwards', async () => {
    const both = await pair(overTcp)
    const hold = both.here.pause()
    await secured(both)
    both.there.send(Buffer.from('hello'))
    await turns(20)
    expect(both.client.types).to.deep.equal(['connecting', 'open'])
    hold.unsubscribe()
    await both.client.next('packet')
  })

  it('reads on where it was let go before', async () => {
    const both = await pair(overTcp)
    both.here.pause().unsubscribe()
    await secured(both)
    both.there.send(Buffer.from('hello'))
    await both.client.next('packet')
    expect(String(bytesOf(both.client))).to.equal('hello')
  })

  it('holds the peer back while paused, on TLS too', async () => {
    const both = await pair(overTcp, { there: { maxBuffered: Infinity } })
    const hold = both.here.pause()
    await secured(both)
    both.there.send(Buffer.alloc(32 * 1024 * 1024))
    await eventually(() => both.there.bytesWritten > 0)
    await turns(200)
    expect(both.here.bytesRead).to.be.lessThan(1024 * 1024)
    expect(both.there.bufferedAmount).to.be.greaterThan(8 * 1024 * 1024)
    hold.unsubscribe()
    await both.client.next('packet')
  })

  it('takes what was held while paused for TLS', async () => {
    const { server: told, client: heard, here, there } = await pair(overTcp)
    const hold = there.pause()
    const answer = lastValueFrom(asClient(here))
    await turns(20)
    await Promise.all([answer, lastValueFrom(asServer(there))])
    hold.unsubscribe()
    here.send(Buffer.from('hello'))
    await told.next('packet')
    expect(String(bytesOf(told))).to.equal('hello')
    expect(heard.types).to.deep.equal(['connecting', 'open'])
  })

  it('flushes what was sent during the handshake when it is closed then', async () => {
    const { server: told, client: heard, here, there } = await pair(overTcp)
    const answer = lastValueFrom(asClient(here))
    here.send(Buffer.from('last words'))
    here.close()
    expect(here.state).to.equal('closing')
    await Promise.all([answer, lastValueFrom(asServer(there)), heard.over()])
    expect(String(bytesOf(told))).to.equal('last words')
    expect(heard.all('close')[0]).to.include({ reason: 'local', bytesUnsent: 0 })
  })

  it('knows a client that is asked for its certificate', async () => {
    const { here, there } = await pair(overTcp)
    const asked = asServer(there, { ca, requestCert: true })
    const [, session] = await Promise.all([lastValueFrom(asClient(here, client)), lastValueFrom(asked)])
    expect(session).to.include({ authorized: true })
    expect(session.peer?.subject).to.deep.equal({ CN: 'Ada' })
  })

  describe('the server that a client expects', () => {
    it('is the name that was dialled, which is asked for', async () => {
      const { server: told, listener } = await listening(tcp.listen({ host: 'localhost', port: 0 }))
      const heard = watch(tcp.connect({ host: 'localhost', port: listener.endpoint.port ?? 0 }))
      const { connection: here } = await heard.next('open')
      const { connection: there } = await told.next('open')
      const [, session] = await Promise.all([lastValueFrom(asClient(here)), lastValueFrom(asServer(there))])
      expect(session.serverName).to.equal('localhost')
    })

    it('is the address that was dialled, which is checked and not asked for', async () => {
      const both = await pair(overTcp)
      const checked: string[] = []
      const checkServerIdentity = (name: string): undefined => {
        checked.push(name)
      }
      const [, session] = await secured(both, { checkServerIdentity })
      expect(checked).to.deep.equal([host])
      expect(session?.serverName).to.equal(undefined)
    })

    it('is the one that servername says', async () => {
      const both = await pair(overTcp)
      const asked = asServer(both.there)
      expect(await failure(asClient(both.here, { servername: 'other.example.org' }))).to.include({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      })
      await failure(asked)
    })
  })

  describe('that fails', () => {
    it('closes both ends, with the errors of the answers', async () => {
      const { server: told, client: heard, here, there } = await pair(overTcp)
      const [ours, theirs] = await Promise.all([failure(asClient(here)), failure(asServer(there, stranger))])
      expect(ours).to.include({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(await heard.over()).to.equal(ours)
      expect(heard.all('close')[0]).to.include({ reason: 'error', error: ours })
      expect((await told.next('close')).error).to.equal(theirs)
      expect(here.send(Buffer.from('x'))).to.equal(false)
    })

    it('is no longer open as soon as that is known', async () => {
      const { here, there } = await pair(overTcp)
      const states: string[] = []
      asClient(here).subscribe({ error: () => queueMicrotask(() => states.push(here.state)) })
      await failure(asServer(there, stranger))
      expect(states).to.deep.equal(['closed'])
    })

    for (const role of ['client', 'server'] as const) {
      it(`after handshakeTimeout closes with that, as a ${role}`, async () => {
        const { server: told, client: heard, here, there } = await pair(overTcp)
        const answer =
          role === 'client' ? asClient(here, { handshakeTimeout: 30 }) : asServer(there, { handshakeTimeout: 30 })
        const error = await failure(answer)
        expect(error).to.include({ code: 'ERR_HANDSHAKE_TIMEOUT' })
        const close = await (role === 'client' ? heard : told).next('close')
        expect(close).to.include({ reason: 'timeout', error })
      })

      it(`for bad credentials closes with that, as a ${role}`, async () => {
        const { client: heard, here } = await pair(overTcp)
        const answer = upgrade(here, { role, cert: 'garbage', key: 'garbage' })
        const error = await failure(answer)
        expect(error)
          .to.have.property('code')
          .that.matches(/^ERR_OSSL/)
        expect(await heard.over()).to.equal(error)
      })
    }

    it('for garbage closes with what TLS says', async () => {
      const { client: heard, here, there } = await pair(overTcp)
      const answer = asClient(here)
      there.send(Buffer.from('220 what do you want?\r\n'))
      const error = await failure(answer)
      expect(error)
        .to.have.property('code')
        .that.matches(/^ERR_SSL_/)
      expect(await heard.over()).to.equal(error)
    })
  })

  describe('of a connection that ends meanwhile', () => {
    const ways: Readonly<Record<string, (both: Pair) => void>> = {
      'by destroy()': ({ here }) => {
        here.destroy()
      },
      'by unsubscribing, after the close deadline': ({ client: heard }) => {
        heard.unsubscribe()
      },
      'by a reset of its peer': ({ there }) => {
        there.destroy()
      },
      'by the end of its peer': ({ there }) => {
        there.close()
      },
    }
    for (const [how, act] of Object.entries(ways)) {
      for (const role of ['client', 'server'] as const) {
        it(`fails ${how}, and leaves nothing, as a ${role}`, async () => {
          const before = await resourcesAtRest()
          const both = await pair(overTcp, { here: { closeTimeout: 20 } })
          const answer = role === 'client' ? asClient(both.here) : asServer(both.here)
          await turns(5)
          act(both)
          expect(codeOf(await failure(answer))).to.be.oneOf(ended)
          both.server.abort()
          expect(await resourcesLeft(before)).to.deep.equal(before)
        })
      }

      // The end of a peer is not seen before what it does not read has gone out.
      if (how === 'by the end of its peer') continue
      it(`fails ${how}, and leaves nothing, with its handshake still to come`, async () => {
        const before = await resourcesAtRest()
        const both = await pair(overTcp, { here: { closeTimeout: 20 } })
        both.there.pause()
        both.here.send(Buffer.alloc(16 * 1024 * 1024))
        const answer = asClient(both.here)
        await turns(5)
        act(both)
        expect(codeOf(await failure(answer))).to.be.oneOf(ended)
        both.server.abort()
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  })

  it('counts nothing as sent that the system has not taken, when it is aborted before its handshake', async () => {
    const { server: told, listener } = await listening(overUnix.listen())
    const peer = await rawClient({ path: listener.endpoint.address })
    const { connection } = await told.next('open')
    const size = 3 * 1024 * 1024
    connection.send(Buffer.alloc(size))
    const answer = failure(asClient(connection))
    await turns(3)
    connection.destroy()
    const { bytesUnsent } = await told.next('close')
    expect((await drained(peer)).length + bytesUnsent).to.be.at.least(size)
    expect(await answer).to.include({ code: 'ERR_HANDSHAKE_ENDED' })
  })

  describe('that can not be', () => {
    it('errors, and changes nothing, where there is no socket under the connection', async () => {
      const net = memory()
      const told = watch(net.listen({ port: 1 }))
      const heard = watch(net.connect({ port: 1 }))
      const { connection: there } = await told.next('open')
      const { connection: here } = await heard.next('open')
      const hold = here.pause()
      there.send(Buffer.from('kept'))
      await turns(5)
      expect(await failure(asClient(here))).to.include({ code: 'ERR_UPGRADE' })
      hold.unsubscribe()
      await heard.next('packet')
      expect(String(bytesOf(heard))).to.equal('kept')
    })

    it('errors before the connection is open, and after it', async () => {
      const peer = await rawServer()
      const answers: Promise<unknown>[] = []
      const note = (event: ConnectionEvent): void => {
        if (event.type === 'connecting' || event.type === 'close') answers.push(failure(asClient(event.connection)))
      }
      const heard = watch(tcp.connect({ host, port: peer.port }), note)
      const { connection } = await heard.next('open')
      connection.end()
      answers.push(failure(asClient(connection)))
      connection.destroy()
      await heard.over()
      const errors = (await Promise.all(answers)) as Error[]
      expect(errors.map(codeOf)).to.deep.equal(['ERR_UPGRADE', 'ERR_UPGRADE', 'ERR_UPGRADE'])
      expect(errors.map(({ message }) => /it is (\w+)$/.exec(message)?.[1])).to.deep.equal([
        'connecting',
        'closing',
        'closed',
      ])
      expect(heard.types).to.deep.equal(['connecting', 'open', 'close'])
    })

    it('errors during another, which goes on', async () => {
      const both = await pair(overTcp)
      const first = secured(both)
      expect(await failure(asClient(both.here))).to.include({ code: 'ERR_UPGRADE' })
      await first
      both.here.send(Buffer.from('hello'))
      await both.server.next('packet')
    })

    it('errors after the peer has finished sending', async () => {
      const { client: heard, here, there } = await pair(overTcp, { here: { halfOpen: true } })
      there.end()
      await heard.next('end')
      expect(await failure(asClient(here))).to.include({ code: 'ERR_UPGRADE' })
      expect(here.state).to.equal('open')
    })

    it('throws for options that can not be right', async () => {
      const { here } = await pair(overTcp)
      const faults = (options: unknown) => optionFaults(() => upgrade(here, options as never))
      expect(faults({ role: 'client', sni: {}, handshakeTimeout: 0 })).to.deep.equal([
        'sni is not an option',
        'handshakeTimeout must be milliseconds, more than 0 and at most 2147483647, or Infinity, not 0',
      ])
      expect(faults({ role: 'sever', cert: 'PEM' })).to.deep.equal([
        "role must be one of 'client', 'server', not 'sever'",
      ])
      expect(faults({})).to.deep.equal(['role is missing'])
      for (const none of [undefined, null])
        expect(faults(none)).to.deep.equal([`options must be an object, not ${String(none)}`])
      expect(here.state).to.equal('open')
    })
  })

  it('can be done once more, over TLS itself', async () => {
    const both = await pair(overTcp)
    await secured(both)
    await secured(both)
    both.here.send(Buffer.from('deep'))
    await both.server.next('packet')
    both.here.close()
    await Promise.all([both.client.over(), both.server.next('close')])
    expect(both.client.types).to.deep.equal(['connecting', 'open', 'end', 'close'])
  })
})

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
