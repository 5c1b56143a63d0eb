import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { serve } from 'sluice/server'
import { webSocket } from 'sluice/websocket'
import { WebSocket } from 'ws'
import { closeAll, later } from '../support/net/closing.js'
import { eventually } from '../support/net/resources.js'

const host = '127.0.0.1'

/** A client that no one here wrote. */
async function visitor(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://${host}:${port}/`)
  later(() => {
    client.terminate()
  })
  await once(client, 'open')
  return client
}

async function farewell(client: WebSocket): Promise<number> {
  const [code] = (await once(client, 'close')) as [number]
  return code
}

describe('serve, over webSocket', () => {
  afterEach(closeAll)

  it('tells who is refused to try again later: 1013', async () => {
    const server = serve(webSocket.listen({ host, port: 0 }), { maxConnections: 1, whenFull: 'refuse' })
    const subscription = server.subscribe()
    later(() => {
      subscription.unsubscribe()
    })
    await eventually(() => server.endpoints.length > 0)
    const port = server.endpoints[0]?.port ?? 0
    await visitor(port)
    expect(await farewell(await visitor(port))).to.equal(1013)
    expect(server.info().refused).to.include({ full: 1 })
  })

  it('tells those who are there when it is drained to come back: 1012', async () => {
    const server = serve(webSocket.listen({ host, port: 0 }), packets => packets)
    const subscription = server.subscribe()
    later(() => {
      subscription.unsubscribe()
    })
    await eventually(() => server.endpoints.length > 0)
    const client = await visitor(server.endpoints[0]?.port ?? 0)
    client.send('hello')
    await once(client, 'message')
    const left = farewell(client)
    const draining = server.drain().subscribe()
    later(() => {
      draining.unsubscribe()
    })
    expect(await left).to.equal(1012)
    await eventually(() => draining.closed)
  })

  it('tells those who are there when it is unsubscribed: 1000', async () => {
    const server = serve(webSocket.listen({ host, port: 0 }), packets => packets)
    const subscription = server.subscribe()
    await eventually(() => server.endpoints.length > 0)
    const client = await visitor(server.endpoints[0]?.port ?? 0)
    const left = farewell(client)
    subscription.unsubscribe()
    expect(await left).to.equal(1000)
  })

  it('serves several paths of one server, and drains them all', async () => {
    const http = createServer()
    later(() => http.close())
    const paths = ['/one', '/two']
    const server = serve(
      paths.map(pathname => webSocket.listen({ server: http, pathname })),
      packets => packets,
    )
    const subscription = server.subscribe()
    later(() => {
      subscription.unsubscribe()
    })
    http.listen({ port: 0, host })
    await eventually(() => server.listeners.length === 2)
    const { port } = http.address() as AddressInfo
    const clients = await Promise.all(
      paths.map(async path => {
        const client = new WebSocket(`ws://${host}:${port}${path}`)
        await once(client, 'open')
        return client
      }),
    )
    const left = Promise.all(clients.map(farewell))
    const draining = server.drain().subscribe()
    later(() => {
      draining.unsubscribe()
    })
    expect(await left).to.deep.equal([1012, 1012])
    await eventually(() => draining.closed)
    expect(http.listening).to.equal(true)
  })
})
