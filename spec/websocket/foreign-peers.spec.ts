import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import type { ConnectionEvent } from 'sluice'
import { webSocket, type DeflateOptions, type WebSocketConnection } from 'sluice/websocket'
import { Child } from '../support/net/child.js'
import { closeAll } from '../support/net/closing.js'
import { watch } from '../support/net/watch.js'
import type { Packet } from '../support/websocket/raw-peer.js'

const host = '127.0.0.1'
const PYTHON = '/usr/bin/python3'
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 1024 * 1024]

/** Debian's, and what each answers to a Close frame: the same code, or 1000. */
const packages: Readonly<Record<string, (code: number) => number>> = {
  websockets: code => code,
  autobahn: () => 1000,
}

/** Messages of our peers are of the same bytes all over. */
const compressions: Readonly<Record<string, DeflateOptions | false>> = {
  'as they are': false,
  compressed: { threshold: 0, maxRatio: Infinity },
  'compressed, each by those before': { threshold: 0, maxRatio: Infinity, takeover: true },
}

type PeerEvent = ConnectionEvent<Packet, WebSocketConnection<Packet>>

/** Echoes, but for one text. */
function obey(event: PeerEvent): void {
  if (event.type !== 'packet') return
  const { connection, packet } = event
  if (packet === '!close') connection.close({ code: 4001, detail: 'as you wish' })
  else connection.send(packet)
}

for (const [name, answerTo] of Object.entries(packages)) {
  const isThere = spawnSync(PYTHON, ['-c', `import ${name}`]).status === 0

  const peer = (role: 'client' | 'server', options: object): Child =>
    new Child(PYTHON, [`spec/support/net/foreign/${name}_peer.py`, role, JSON.stringify(options)])

  describe(`A WebSocket with Python's ${name}${isThere ? '' : ' (skipped: it is not here)'}`, function () {
    this.timeout(30_000) // Processes take their time to start.
    before(function () {
      if (!isThere && process.env['CI'] !== 'true') this.skip()
    })
    afterEach(closeAll)

    for (const [how, deflate] of Object.entries(compressions)) {
      const agreed = { protocol: 'b', extensions: deflate === false ? [] : ['permessage-deflate'] }

      /** Serves a client that plays its part to the end, and answers what our end has told. */
      const serve = async (options: object) => {
        const server = watch(webSocket.listen({ host, port: 0, protocols: ['b', 'c'], deflate }), obey)
        const { listener } = await server.next('listening')
        const { port } = listener.endpoint
        const client = peer('client', {
          port,
          sizes: SIZES,
          protocols: ['a', 'b'],
          deflate: deflate !== false,
          ...options,
        })
        expect(await client.says()).to.deep.equal(agreed)
        expect(await client.says()).to.deep.equal({ echoed: SIZES.length })
        expect(await client.says()).to.deep.equal({ fragments: 'grüße' })
        expect(await client.says()).to.deep.equal({ pong: 'are you there' })
        return { server, client }
      }

      /** Visits a server, and is echoed. */
      const visit = async (options: object) => {
        const service = peer('server', { protocols: ['b'], deflate: deflate !== false, ...options })
        const { port } = (await service.says()) as { readonly port: number }
        const url = `ws://${host}:${port}/`
        const client = watch(webSocket.connect({ url, protocols: ['a', 'b'], deflate, control: true }))
        const { connection } = await client.next('open')
        expect(connection.protocol).to.equal('b')
        expect(await service.says()).to.deep.equal(agreed)
        const messages = SIZES.flatMap(size => ['é'.repeat(size / 2), Buffer.alloc(size, 7)])
        for (const message of messages) {
          connection.send(message)
          await client.next('packet', client.packets.length + 1)
        }
        expect(client.packets).to.deep.equal(messages)
        return { service, client, connection }
      }

      it(`as our client: messages ${how}, fragments, pings, its close`, async () => {
        const { server, client } = await serve({})
        expect(await client.says()).to.deep.equal({ closed: 4002, reason: '' })
        expect(await server.next('close')).to.include({ reason: 'remote', code: 4002, detail: 'that was all' })
      })

      it(`as our client: messages ${how}, our close`, async () => {
        const { server, client } = await serve({ last: '!close', fragment: 2_000 })
        expect(await client.says()).to.deep.equal({ closed: 4001, reason: 'as you wish' })
        expect(await server.next('close')).to.include({ reason: 'local', code: answerTo(4001) })
      })

      it(`as our server: messages ${how}, fragments, pings both ways, its close`, async () => {
        const { service, client, connection } = await visit({ fragment: 2_000 })
        const before = client.packets.length
        for (const order of ['!ping', '!fragments']) connection.send(order)
        connection.send({ type: 'ping', data: Buffer.from('and you') })
        await client.next('packet', before + 4)
        expect(client.packets.slice(before)).to.have.deep.members([
          { type: 'ping', data: Buffer.from('are you there') },
          'grüße',
          Buffer.from('onetwo'),
          { type: 'pong', data: Buffer.from('and you') },
        ])
        expect(await service.says()).to.deep.equal({ pong: 'are you there' })
        connection.send('!close 4003 enough')
        expect(await client.over()).to.equal(undefined)
        expect(client.all('close')[0]).to.include({ reason: 'remote', code: 4003, detail: 'enough' })
        expect(await service.says()).to.deep.equal({ closed: 4003, reason: '' })
      })

      it(`as our server: messages ${how}, our close`, async () => {
        const { service, client, connection } = await visit({})
        connection.close({ code: 4004, detail: 'grüße' })
        expect(await client.over()).to.equal(undefined)
        expect(client.all('close')[0]).to.include({ reason: 'local', code: answerTo(4004) })
        expect(await service.says()).to.deep.equal({ closed: 4004, reason: 'grüße' })
      })
    }

    it('as our client is told of unsubscribing by 1000, and of a message that is too long by 1009', async () => {
      const server = watch(webSocket.listen({ host, port: 0, maxPayload: 1_000 }), obey)
      const { listener } = await server.next('listening')
      const { port } = listener.endpoint
      const long = peer('client', { port, last: 'x'.repeat(1_001) })
      const client = peer('client', { port, last: 'stay' })
      for (const each of [long, client]) {
        expect(await each.says()).to.include({ protocol: '' })
        expect(await each.says()).to.include({ echoed: 0 })
        expect(await each.says()).to.include({ fragments: 'grüße' })
        expect(await each.says()).to.include({ pong: 'are you there' })
      }
      expect(await long.says()).to.include({ closed: 1009 })
      await server.until(() => server.packets.includes('stay'))
      server.unsubscribe()
      expect(await client.says()).to.include({ closed: 1000 })
    })

    it('as our server is told of unsubscribing by 1000', async () => {
      const service = peer('server', {})
      const { port } = (await service.says()) as { readonly port: number }
      const client = watch(webSocket.connect(`ws://${host}:${port}/`))
      await client.next('open')
      expect(await service.says()).to.include({ protocol: '' })
      client.unsubscribe()
      expect(await service.says()).to.include({ closed: 1000 })
    })
  })
}
