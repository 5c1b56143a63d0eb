// Servers that send back what they receive. Each answers its port.

import { createServer, type AddressInfo, type Server } from 'node:net'
import { tcp } from 'sluice/net'

export function sluice(): Promise<number> {
  return new Promise(resolve => {
    tcp.listen({ port: 0, host: '127.0.0.1' }).subscribe(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
      else if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
    })
  })
}

export function bare(): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      socket.on('data', chunk => socket.write(chunk)).on('error', ignore)
    }),
  )
}

export function listening(server: Server): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port)
    })
  })
}

export function ignore(): void {
  // A load that goes away in the middle of an answer is no concern of the server's.
}
