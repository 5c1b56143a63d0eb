import { expect } from 'chai'
import { Subject } from 'rxjs'
import type { ConnectionEvent, TlsSession } from 'sluice'
import { tls, type ServerCredentials, type TlsPlace, type TlsTarget } from 'sluice/net'
import {
  ca,
  client,
  exact,
  expired,
  fingerprint,
  renewedServer,
  server,
  stranger,
  wildcard,
} from '../support/net/certificates.js'
import { closeAll } from '../support/net/closing.js'
import { listening } from '../support/net/pairs.js'
import { rawServer } from '../support/net/peers.js'
import { turns } from '../support/net/resources.js'
import { type Watch, watch } from '../support/net/watch.js'

const host = '127.0.0.1'

interface Served {
  readonly server: Watch
  readonly port: number
}

async function serve(place: Partial<TlsPlace> = {}, react?: (event: ConnectionEvent) => void): Promise<Served> {
  const { server: told, listener } = await listening(tls.listen({ host, port: 0, ...server, ...place }), react)
  return { server: told, port: listener.endpoint.port ?? 0 }
}

function dial(port: number, target: Partial<TlsTarget> = {}): Watch {
  return watch(tls.connect({ host, port, ca, ...target }))
}

/** What a client and the server know of their connection, once it is open at both ends. */
async function settled(served: Served, target: Partial<TlsTarget> = {}): Promise<[TlsSession, TlsSession]> {
  const nth = served.server.all('open').length + 1
  const [here, there] = await Promise.all([dial(served.port, target).next('open'), served.server.next('open', nth)])
  return [sessionOf(here), sessionOf(there)]
}

function sessionOf({ connection }: { readonly connection: { readonly tls: TlsSession | undefined } }): TlsSession {
  if (connection.tls === undefined) throw new Error('not on TLS')
  return connection.tls
}

const echo = (event: ConnectionEvent): void => {
  if (event.type === 'packet') event.connection.send(event.packet)
}

describe('tls', () => {
  afterEach(closeAll)

  it('opens when the handshake is done, and says what was settled', async () => {
    const [here, there] = await settled(await serve(), { host: 'localhost' })
    expect(here).to.include({ protocol: 'TLSv1.3', serverName: 'localhost', alpn: undefined, authorized: true })
    expect(here.cipher).to.match(/^TLS_/)
    expect(here.peer?.subject).to.deep.equal({ CN: 'localhost' })
    expect(here.peer?.issuer).to.deep.equal({ CN: 'Sluice Test Authority' })
    expect(here.peer?.subjectAltName).to.equal('DNS:localhost, IP Address:127.0.0.1')
    expect(here.peer?.fingerprint256).to.equal(fingerprint(server))
    expect(here.peer?.validFrom).to.be.lessThan(here.peer?.validTo ?? 0)
    expect(there).to.include({ protocol: 'TLSv1.3', serverName: 'localhost', authorized: false, peer: undefined })
  })

  it('says nothing of it before', async () => {
    const served = await serve()
    const known: unknown[] = []
    const client = watch(tls.connect({ host, port: served.port, ca }), event => {
      if (event.type === 'connecting') known.push(event.connection.tls, event.connection.state)
    })
    await client.next('open')
    expect(known).to.deep.equal([undefined, 'connecting'])
    expect(client.types).to.deep.equal(['connecting', 'open'])
  })

  it('still says it after the close', async () => {
    const served = await serve()
    const client = dial(served.port)
    const { connection } = await client.next('open')
    const before = { ...connection.tls }
    connection.close()
    await client.over()
    expect({ ...connection.tls }).to.deep.equal(before)
  })

  describe('whom a client trusts', () => {
    it('is the server that it dialled by name, and asked for', async () => {
      const [, there] = await settled(await serve(), { host: 'localhost' })
      expect(there.serverName).to.equal('localhost')
    })

    it('is the server that it dialled by address, which is checked and not asked for', async () => {
      const [here, there] = await settled(await serve())
      expect([here.authorized, there.serverName]).to.deep.equal([true, undefined])
    })

    it('is the one that servername says, a name or an address', async () => {
      const served = await serve({ sni: { 'exact.example.org': exact } })
      const [named] = await settled(served, { servername: 'exact.example.org' })
      expect(named.peer?.fingerprint256).to.equal(fingerprint(exact))
      const [, addressed] = await settled(served, { host: 'localhost', servername: host })
      expect(addressed.serverName).to.equal(undefined)
    })

    const mistrusted: Readonly<Record<string, [place: Partial<TlsPlace>, target: Partial<TlsTarget>, code: string]>> = {
      'vouched for by nobody': [stranger, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      'vouched for by somebody whom the client does not know': [
        server,
        { ca: stranger.cert },
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ],
      'out of date': [expired, {}, 'CERT_HAS_EXPIRED'],
      'that of another name': [server, { servername: 'other.example.org' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      'that of another address': [exact, {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    }
    for (const [what, [place, target, code]] of Object.entries(mistrusted)) {
      it(`is nobody whose certificate is ${what}`, async () => {
        const served = await serve(place)
        const refused = dial(served.port, target)
        expect(await refused.over()).to.include({ code })
        expect(refused.types).to.deep.equal(['connecting', 'close'])
        expect(refused.all('close')[0]).to.include({ reason: 'error', error: refused.error })
        expect(served.server.ended).to.equal(undefined)
      })
    }

    it('is anybody where it says so, and then it says why that was not right', async () => {
      const [here] = await settled(await serve(stranger), { rejectUnauthorized: false })
      expect(here).to.include({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(here.peer?.fingerprint256).to.equal(fingerprint(stranger))
    })
  })

  describe('several certificates', () => {
    const sni = { '*.example.org': wildcard, 'exact.example.org': exact }
    const shown = async (place: Partial<TlsPlace>, servername: string): Promise<string | undefined> => {
      const [here] = await settled(await serve(place), { servername, rejectUnauthorized: false })
      return here.peer?.fingerprint256
    }

    it('are shown by the name that is asked for', async () => {
      expect(await shown({ sni }, 'any.example.org')).to.equal(fingerprint(wildcard))
      expect(await shown({ sni }, 'exact.example.org')).to.equal(fingerprint(exact))
      expect(await shown({ sni }, 'EXACT.Example.ORG')).to.equal(fingerprint(exact))
    })

    it('are not shown to who asks for none of their names', async () => {
      for (const name of ['other.org', 'example.org', 'two.labels.example.org', 'exact-example.org'])
        expect(await shown({ sni }, name), name).to.equal(fingerprint(server))
    })

    it('trust and encrypt as what stands beside them', async () => {
      const served = await serve({ ca, requestCert: true, sni })
      const [, there] = await settled(served, { ...client, servername: 'exact.example.org' })
      expect(there).to.include({ authorized: true })
      expect(there.peer?.subject).to.deep.equal({ CN: 'Ada' })
    })
  })

  describe('a protocol to agree on', () => {
    it('is the best of the server that the client speaks', async () => {
      const sessions = await settled(await serve({ ALPNProtocols: ['b', 'a'] }), { ALPNProtocols: ['c', 'a', 'b'] })
      expect(sessions.map(({ alpn }) => alpn)).to.deep.equal(['b', 'b'])
    })

    it('is none where one of them names none', async () => {
      const one = await settled(await serve({ ALPNProtocols: ['a'] }))
      const other = await settled(await serve(), { ALPNProtocols: ['a'] })
      expect([...one, ...other].map(({ alpn }) => alpn)).to.deep.equal(Array.from({ length: 4 }, () => undefined))
    })

    it('fails at both ends where they have none in common', async () => {
      const served = await serve({ ALPNProtocols: ['a'] })
      const refused = dial(served.port, { ALPNProtocols: ['b'] })
      expect(await refused.over()).to.include({ code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' })
      const { reason, error } = await served.server.next('close')
      expect(reason).to.equal('error')
      expect(error).to.include({ code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' })
    })
  })

  describe('a client that is asked for its certificate', () => {
    it('is known by it', async () => {
      const [, there] = await settled(await serve({ ca, requestCert: true }), client)
      expect(there).to.include({ authorized: true, authorizationError: undefined })
      expect(there.peer).to.deep.include({ subject: { CN: 'Ada' }, fingerprint256: fingerprint(client) })
    })

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`is refused with a reason where it has none, over ${maxVersion}`, async () => {
        const served = await serve({ ca, requestCert: true })
        const refused = dial(served.port, { maxVersion })
        expect(await refused.over())
          .to.have.property('code')
          .that.matches(/^ERR_SSL_.*ALERT/)
        const { reason, error } = await served.server.next('close')
        expect(reason).to.equal('error')
        expect(error).to.include({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
        expect(served.server.types).to.deep.equal(['listening', 'close'])
      })

      it(`is refused where nobody vouches for it, over ${maxVersion}`, async () => {
        const served = await serve({ ca, requestCert: true })
        const refused = dial(served.port, { ...stranger, maxVersion })
        await refused.over()
        expect(refused.all('packet')).to.deep.equal([])
        const { reason, error } = await served.server.next('close')
        expect(reason).to.equal('error')
        expect(error).to.include({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
        expect(served.server.types).to.deep.equal(['listening', 'close'])
      })
    }

    it('is let in all the same where the server says so, which knows why that was not right', async () => {
      const served = await serve({ ca, requestCert: true, rejectUnauthorized: false })
      const [, unknown] = await settled(served, stranger)
      expect(unknown).to.include({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(unknown.peer?.fingerprint256).to.equal(fingerprint(stranger))
      const [, nameless] = await settled(served)
      expect(nameless).to.include({ authorized: false, peer: undefined })
    })
  })

  describe('renewed credentials', () => {
    it('are shown from then on, and who is connected stays so', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed }, echo)
      const early = dial(served.port)
      const { connection } = await early.next('open')
      renewed.next(renewedServer)
      const [late] = await settled(served)
      expect(late.peer?.fingerprint256).to.equal(fingerprint(renewedServer))
      connection.send(Buffer.from('still here'))
      await early.next('packet')
      expect(connection.tls?.peer?.fingerprint256).to.equal(fingerprint(server))
    })

    it('fail nobody who connects meanwhile', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed }, echo)
      const certificates = [server, renewedServer]
      const seen = new Set<string | undefined>()
      let done = 0
      const visit = async (): Promise<void> => {
        const visitor = dial(served.port)
        const { connection } = await visitor.next('open')
        seen.add(connection.tls?.peer?.fingerprint256)
        connection.send(Buffer.from('hello'))
        await visitor.next('packet')
        connection.close()
        expect(await visitor.over()).to.equal(undefined)
        done += 1
        if (done % 5 === 0) renewed.next(certificates[(done / 5) % 2] ?? server)
      }
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let visits = 0; visits < 10; visits += 1) await visit()
        }),
      )
      expect(done).to.equal(80)
      expect([...seen]).to.have.members(certificates.map(fingerprint))
      expect(served.server.all('close').filter(({ error }) => error !== undefined)).to.deep.equal([])
    })

    it('keep what they do not say: whom to trust, and the other names', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ ca, requestCert: true, sni: { 'exact.example.org': exact }, renewed })
      renewed.next(renewedServer)
      const [here, there] = await settled(served, client)
      expect(here.peer?.fingerprint256).to.equal(fingerprint(renewedServer))
      expect(there).to.include({ authorized: true })
      const [named] = await settled(served, { ...client, servername: 'exact.example.org' })
      expect(named.peer?.fingerprint256).to.equal(fingerprint(exact))
    })

    it('may be those of other names', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed })
      renewed.next({ sni: { 'exact.example.org': exact } })
      const [named] = await settled(served, { servername: 'exact.example.org' })
      expect(named.peer?.fingerprint256).to.equal(fingerprint(exact))
      const [other] = await settled(served)
      expect(other.peer?.fingerprint256).to.equal(fingerprint(server))
      renewed.next(renewedServer)
      const [still] = await settled(served, { servername: 'exact.example.org' })
      expect(still.peer?.fingerprint256).to.equal(fingerprint(exact))
    })

    it('that are no good are counted, and change nothing', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed })
      const { listener } = await served.server.next('listening')
      renewed.next({ cert: 'garbage', key: 'garbage' })
      renewed.next({ sni: { 'exact.example.org': { ...exact, key: server.key } } })
      expect(listener.failures).to.equal(2)
      expect(listener.lastFailure).to.have.property('code', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH')
      const [here] = await settled(served, { servername: 'exact.example.org', rejectUnauthorized: false })
      expect(here.peer?.fingerprint256).to.equal(fingerprint(server))
    })

    it('that are no good bring no other names with them', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed })
      const { listener } = await served.server.next('listening')
      renewed.next({ cert: 'garbage', key: 'garbage', sni: { 'exact.example.org': exact } })
      expect(listener.failures).to.equal(1)
      const [here] = await settled(served, { servername: 'exact.example.org', rejectUnauthorized: false })
      expect(here.peer?.fingerprint256).to.equal(fingerprint(server))
    })

    it('that can not be had any more are counted, and change nothing', async () => {
      const renewed = new Subject<ServerCredentials>()
      const served = await serve({ renewed })
      const { listener } = await served.server.next('listening')
      renewed.error(new Error('no such file'))
      expect(listener).to.include({ failures: 1 })
      expect(listener.lastFailure).to.have.property('message', 'no such file')
      await settled(served)
    })

    it('are listened for as long as the server is', async () => {
      const renewed = new Subject<ServerCredentials>()
      const stream = tls.listen({ host, port: 0, ...server, renewed })
      expect(renewed.observed).to.equal(false)
      const { server: told } = await listening(stream)
      expect(renewed.observed).to.equal(true)
      told.unsubscribe()
      expect(renewed.observed).to.equal(false)
    })
  })

  describe('credentials that are no good', () => {
    it('are a dial that fails before it has dialled', async () => {
      const nobody = await rawServer()
      for (const wrong of [
        { cert: 'garbage', key: 'garbage' },
        { ...client, key: server.key },
      ]) {
        const failed = dial(nobody.port, wrong)
        expect(failed.ended).to.equal('error')
        expect(failed.error)
          .to.have.property('code')
          .that.matches(/^ERR_OSSL/)
        expect(failed.types).to.deep.equal(['connecting', 'close'])
      }
      await turns(5)
      expect(nobody.sockets).to.deep.equal([])
    })

    it('are a server that binds nothing', () => {
      for (const wrong of [{ cert: 'garbage', key: 'garbage' }, { sni: { a: { cert: 'garbage', key: 'garbage' } } }]) {
        const failed = watch(tls.listen({ host, port: 0, ...server, ...wrong }))
        expect(failed.ended).to.equal('error')
        expect(failed.error)
          .to.have.property('code')
          .that.matches(/^ERR_OSSL/)
        expect(failed.types).to.deep.equal([])
      }
    })
  })
})
