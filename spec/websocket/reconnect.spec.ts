import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { byCloseCode, reconnect, type SluiceError } from 'sluice'
import { text, webSocket } from 'sluice/websocket'
import { closeAll, later } from '../support/net/closing.js'

const host = '127.0.0.1'

/** A server that answers each handshake with a status. */
async function refusing(status: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, headers).end())
  server.listen(0, host)
  await once(server, 'listening')
  later(() => {
    server.close()
    server.closeAllConnections()
  })
  return `ws://${host}:${(server.address() as AddressInfo).port}`
}

/** A server that closes each connection with a code. */
async function closing(code: number): Promise<string> {
  const stream = webSocket.listen({ host, port: 0 })
  const listening = new Promise<number>(resolve => {
    const subscription = stream.subscribe(event => {
      if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      if (event.type === 'open') event.connection.close({ code })
    })
    later(() => {
      subscription.unsubscribe()
    })
  })
  return `ws://${host}:${await listening}`
}

describe('reconnect, over WebSockets', () => {
  afterEach(closeAll)

  const waits = async (
    url: string,
    options: { readonly classify?: ReturnType<typeof byCloseCode> } = {},
  ): Promise<unknown> => {
    const retries = webSocket.connect(url).pipe(
      text(),
      reconnect([7], { random: () => 0, ...options }),
      filter(event => event.type === 'retry'),
      take(1),
      toArray(),
    )
    try {
      return (await firstValueFrom(retries))[0]?.delay ?? 'stopped'
    } catch (error) {
      return (error as SluiceError).code
    }
  }

  it('stops where it is refused for good', async () => {
    for (const status of [401, 403, 404, 410, 426])
      expect(await waits(await refusing(status)), `${status}`).to.equal('ERR_HANDSHAKE_REFUSED')
  })

  it('waits where there is no room for it, as long as it is told', async () => {
    expect(await waits(await refusing(503))).to.equal(30_000)
    expect(await waits(await refusing(429, { 'Retry-After': '2' }))).to.equal(2_007)
  })

  it('goes by the code that a server closes with', async () => {
    expect(await waits(await closing(1000))).to.equal(7)
    expect(await waits(await closing(1013))).to.equal(30_000)
    expect(await waits(await closing(4403))).to.equal('stopped')
    expect(await waits(await closing(4000), { classify: byCloseCode({ 4000: 'stop' }) })).to.equal('stopped')
  })
})
