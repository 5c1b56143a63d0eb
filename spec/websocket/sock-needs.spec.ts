import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { Subject } from 'rxjs'
import { idleTimeout, type ConnectionEvent } from 'sluice'
import { webSocket, type AcceptedConnection, type Negotiation } from 'sluice/websocket'
import { closeAll, later } from '../support/net/closing.js'
import { rawClient } from '../support/net/peers.js'
import { watch, type Watch } from '../support/net/watch.js'
import { shownPacket, type Packet } from '../support/websocket/raw-peer.js'
import { TEXT, binary, close, continuation, fragments, ping, pong, text } from '../support/websocket/raw-frame.js'
import { rawSocketClient, type RawSocket } from '../support/websocket/raw-socket.js'

const host = '127.0.0.1'

interface State {
  readonly name: string
}

type Connected = AcceptedConnection<State>
type SockEvent = ConnectionEvent<Packet, Connected>

interface Options {
  readonly negotiate?: (request: IncomingMessage) => Negotiation<State>
  readonly idle?: number
  readonly closeTimeout?: number
  readonly maxPayload?: number
}

interface Served {
  readonly server: Watch<SockEvent>
  readonly port: number
  /** A client, and the connection that it has with us. */
  readonly visited: (
    headers?: Readonly<Record<string, string>>,
  ) => Promise<readonly [peer: RawSocket, connection: Connected]>
}

const accept = (): Negotiation<State> => ({ accept: true, context: { name: 'everybody' } })

async function served(
  where: object,
  options: Options,
  react: (event: SockEvent) => void,
  at?: () => number,
): Promise<Served> {
  const { negotiate = accept, idle = Infinity, ...rest } = options
  const place = { control: true, negotiate, ...rest, ...where } as Parameters<typeof webSocket.listen<State, true>>[0]
  const stream = webSocket.listen<State, true>(place)
  const server = watch<SockEvent>(idle === Infinity ? stream : stream.pipe(idleTimeout(idle)), react)
  const { listener } = await server.next('listening')
  const port = at?.() ?? listener.endpoint.port ?? 0
  let count = 0
  const visited: Served['visited'] = async headers => {
    const peer = await rawSocketClient(port, headers === undefined ? {} : { headers })
    count += 1
    const { connection } = await server.next('open', count)
    return [peer, connection]
  }
  return { server, port, visited }
}

type Serve = (options?: Options, react?: (event: SockEvent) => void) => Promise<Served>

/** Those who host the callbacks of Sock do not see where it is that they are (K16). */
const hosts: Readonly<Record<string, Serve>> = {
  'a port of its own': (options = {}, react = () => undefined) => served({ host, port: 0 }, options, react),
  'a server of HTTP': async (options = {}, react = () => undefined) => {
    const http = createServer((_, response) => response.end())
    later(() => http.close())
    http.listen(0, host)
    await once(http, 'listening')
    const { port } = http.address() as { readonly port: number }
    return served({ server: http, pathname: '/' }, options, react, () => port)
  },
}

/** What handlers of Sock may answer to an event, and what that does. */
const answers: Readonly<
  Record<string, readonly [answer: (connection: Connected) => unknown, told: string, heard: string]>
> = {
  continue: [connection => connection.send('went on'), '', 'text went on'],
  close: [connection => connection.close(), 'local', 'close 1000'],
  error: [connection => connection.destroy(new Error('a bug')), 'error', 'close 1011'],
}

for (const [where, serve] of Object.entries(hosts)) {
  describe(`What the callbacks of Sock need, at ${where}`, () => {
    afterEach(closeAll)

    it('K01: a state is there before the first connection, and each goes on from it by itself', async () => {
      const initial = { name: 'init' }
      const states: object[] = []
      const negotiate = (): Negotiation<State> => ({ accept: true, context: { ...initial } })
      const { visited } = await serve({ negotiate }, event => {
        if (event.type === 'open') states.push(event.connection.context)
      })
      await visited()
      await visited()
      expect(states).to.deep.equal([initial, initial])
      expect(states[0]).not.to.equal(states[1])
    })

    it('K02: an upgrade is valid in whatever case, and among others in its lists', async () => {
      const { visited } = await serve()
      const [peer] = await visited({ Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' })
      expect(peer.head).to.match(/^HTTP\/1\.1 101 /)
      expect(peer.head).to.match(/^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r?$/im)
    })

    it('K03: negotiate lets in with options of that connection, or turns away with an answer of its own', async () => {
      const negotiate = ({ headers }: IncomingMessage): Negotiation<State> =>
        headers['authorization'] === 'Ada'
          ? { accept: true, context: { name: 'Ada' }, options: { maxPayload: 5 }, headers: { 'X-Seen': 'yes' } }
          : { accept: false, status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: 'who are you?' }
      const { port, visited } = await serve({ negotiate })
      const [ada, connection] = await visited({ Authorization: 'Ada' })
      expect(connection.context).to.deep.equal({ name: 'Ada' })
      expect(ada.head).to.include('X-Seen: yes')
      expect((await ada.sends(text('123456')).over()).at(-1)).to.equal('close 1009')
      const refused = await rawSocketClient(port)
      expect(refused.head).to.match(/^HTTP\/1\.1 401 /)
      expect(refused.head).to.include('WWW-Authenticate: Basic')
      await refused.until(() => refused.isOver)
    })

    for (const [answer, [act, reason, heard]] of Object.entries(answers)) {
      const events: Readonly<Record<string, (peer: RawSocket) => unknown>> = {
        connection: () => undefined,
        text: peer => peer.sends(text('a')),
        binary: peer => peer.sends(binary('a')),
        ping: peer => peer.sends(ping('a')),
        pong: peer => peer.sends(pong('a')),
      }
      for (const [event, send] of Object.entries(events)) {
        it(`K04: ${event} may be answered with ${answer}`, async () => {
          const kind = event === 'connection' ? 'open' : event
          const { server, visited } = await serve({}, told => {
            if (kindOf(told) === kind && 'connection' in told) act(told.connection)
          })
          const [peer] = await visited()
          send(peer)
          const before = event === 'ping' ? 1 : 0
          expect(await peer.hears(before + 1)).to.equal(heard)
          if (reason === '') return
          peer.sends(close(1000)).socket.end()
          expect(await server.next('close')).to.include({ reason })
        })
      }

      it(`K04: so may what comes from elsewhere: ${answer}`, async () => {
        const elsewhere = new Subject<Connected>()
        const subscription = elsewhere.subscribe(connection => {
          act(connection)
        })
        later(() => {
          subscription.unsubscribe()
        })
        const { visited } = await serve()
        const [peer, connection] = await visited()
        elsewhere.next(connection)
        expect(await peer.hears(1)).to.equal(heard)
      })
    }

    it('K05: messages are whole, and control frames are told between their fragments', async () => {
      const { server, visited } = await serve()
      const [peer] = await visited()
      const [first, second] = fragments(TEXT, 'on', 'e')
      peer.sends(...(first === undefined ? [] : [first]), ping('a'), ...(second === undefined ? [] : [second]))
      await server.next('packet', 2)
      expect(server.packets.map(shownPacket)).to.deep.equal(['ping a', 'text one'])
    })

    it('K06: a pong has been sent when the ping is told', async () => {
      const { visited } = await serve({}, event => {
        if (event.type === 'packet') event.connection.send('told')
      })
      const [peer] = await visited()
      peer.sends(ping('a'))
      await peer.until(() => peer.frames.length === 2)
      expect(peer.heard).to.deep.equal(['pong a', 'text told'])
    })

    it('K07: what is sent before close() arrives before the Close', async () => {
      const { visited } = await serve()
      const [peer, connection] = await visited()
      connection.send('last words')
      connection.close()
      await peer.until(() => peer.frames.length === 2)
      expect(peer.heard).to.deep.equal(['text last words', 'close 1000'])
    })

    it('K08: a local close waits for the peer’s, tells what comes meanwhile, and closes once', async () => {
      const { server, visited } = await serve()
      const [peer, connection] = await visited()
      connection.close()
      connection.close({ code: 4000 })
      expect(await peer.hears(1)).to.equal('close 1000')
      peer.sends(text('meanwhile'), close(1000))
      expect(await peer.over()).to.deep.equal(['close 1000'])
      peer.socket.end()
      expect(await server.next('close')).to.include({ reason: 'local', code: 1000 })
      expect(server.packets).to.deep.equal(['meanwhile'])
    })

    it('K08: it does not wait for ever', async () => {
      const { server, visited } = await serve({ closeTimeout: 30 })
      const [, connection] = await visited()
      connection.close()
      expect((await server.next('close')).error).to.include({ code: 'ERR_CLOSE_TIMEOUT' })
    })

    for (const [name, frame, code, reason, heard] of [
      ['a code', close(4000, 'why'), 4000, 'remote', 'close 4000'],
      ['no code', close(), 1005, 'remote', 'close 1000'],
      ['a code that is not legal', close(1005), 1006, 'error', 'close 1002'],
    ] as const) {
      it(`K09: a remote close with ${name} is told, and answered`, async () => {
        const { server, visited } = await serve()
        const [peer] = await visited()
        expect(await peer.sends(frame).over()).to.deep.equal([heard])
        peer.socket.end()
        expect(await server.next('close')).to.include({ code, reason })
      })
    }

    it('K10: a connection that is lost without a Close is a failure of its own', async () => {
      const { server, visited } = await serve()
      const [peer] = await visited()
      peer.socket.end()
      const closed = await server.next('close')
      expect(closed).to.include({ code: 1006, reason: 'error' })
      expect(closed.error).to.include({ code: 'ERR_CLOSED_ABNORMALLY' })
    })

    it('K11: a shutdown may say 1001, or 1012', async () => {
      for (const [how, heard] of [
        [{ code: 1001, reason: 'shutdown' }, 'close 1001'],
        ['shutdown', 'close 1012'],
      ] as const) {
        const { server, visited } = await serve()
        const [peer, connection] = await visited()
        connection.close(how)
        expect(await peer.hears(1)).to.equal(heard)
        peer.sends(close(1000)).socket.end()
        expect(await server.next('close')).to.include({ reason: 'shutdown' })
      }
    })

    it('K11: faults say 1002, 1007 and 1009', async () => {
      const { visited } = await serve({ maxPayload: 100 })
      for (const [fault, heard] of [
        [continuation('one'), 'close 1002'],
        [text(Buffer.of(0xff)), 'close 1007'],
        [text('x'.repeat(101)), 'close 1009'],
      ] as const) {
        const [peer] = await visited()
        expect(await peer.sends(fault).over()).to.deep.equal([heard])
        peer.socket.end()
      }
    })

    it('K12: only what the client says keeps it from being idle', async () => {
      const { server, visited } = await serve({ idle: 60 })
      const [peer, connection] = await visited()
      const talk = setInterval(() => connection.send('are you there?'), 10)
      later(() => {
        clearInterval(talk)
      })
      expect((await peer.over()).at(-1)).to.equal('close 1001')
      peer.socket.end()
      expect(await server.next('close')).to.include({ reason: 'timeout' })
    })

    it('K13: whatever happens, one close is told, once, and nothing behind it', async () => {
      const { server, visited } = await serve()
      const [peer, connection] = await visited()
      connection.close()
      peer.sends(close(4000), text('late'), { opcode: 5 }).socket.end()
      await server.next('close')
      connection.destroy(new Error('late'))
      connection.close()
      peer.socket.destroy()
      const [other] = await visited()
      other.sends(text('hello'))
      await server.until(() => server.packets.includes('hello'))
      expect(server.all('close')).to.have.length(1)
    })

    it('K15: control frames have up to 125 bytes, and details up to 123', async () => {
      const { visited } = await serve()
      const [peer, connection] = await visited()
      expect(() => connection.send({ type: 'ping', data: new Uint8Array(126) })).to.throw(TypeError)
      expect(() => {
        connection.close({ code: 4000, detail: 'é'.repeat(62) })
      })
        .to.throw()
        .with.property('code', 'ERR_OPTIONS')
      connection.send({ type: 'ping', data: new Uint8Array(125) })
      connection.close({ code: 4000, detail: 'x'.repeat(123) })
      expect(await peer.hears(2)).to.equal(`close 4000 ${'x'.repeat(123)}`)
    })

    it('K16: a plain request is none of theirs', async () => {
      const { port } = await serve()
      const socket = await rawClient({ port })
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).to.match(/^HTTP\/1\.1 (200|426) /)
    })
  })
}

/** What a Sock would be called with. */
function kindOf(event: SockEvent): string {
  return event.type === 'packet' ? (shownPacket(event.packet).split(' ')[0] ?? '') : event.type
}
