// TLS servers that send back what they receive. Each answers its port.

import { createServer } from 'node:tls'
import { generate } from 'selfsigned'
import { tls } from 'sluice/net'
import { ignore, listening } from './echo-servers.js'

export async function sluice(): Promise<number> {
  const credentials = await selfSigned()
  return new Promise(resolve => {
    tls.listen({ port: 0, host: '127.0.0.1', ...credentials }).subscribe(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
      else if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
    })
  })
}

export async function bare(): Promise<number> {
  return listening(
    createServer({ noDelay: true, ...(await selfSigned()) }, socket => {
      socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('error', ignore)
    }),
  )
}

async function selfSigned(): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' })
  return { cert, key }
}
