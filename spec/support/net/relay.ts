import { connect, type Socket } from 'node:net'
import { later } from './closing.js'
import { rawServer } from './peers.js'

/** A way to a server of this machine that can be cut: the socket beneath either end is the relay's. */
export async function relayed(port: number): Promise<{
  readonly port: number
  readonly ends: Promise<Readonly<Record<'client' | 'server', Socket>>>
}> {
  const relay = await rawServer()
  const ends = relay.socket().then(client => {
    const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    server.on('error', () => undefined)
    later(() => server.destroy())
    client.pipe(server).pipe(client)
    return { client, server }
  })
  return { port: relay.port, ends }
}

/** A way to a server of this machine that passes on each byte in a piece of its own. Answers its port. */
export async function byteByByte(port: number): Promise<number> {
  const relay = await rawServer(near => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    near.setNoDelay()
    later(() => far.destroy())
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('end', () => to.end())
      from.on('data', (chunk: Buffer) => {
        for (let at = 0; at < chunk.length; at += 1) to.write(chunk.subarray(at, at + 1))
      })
    }
  })
  return relay.port
}
