// Echo servers of messages. Each answers its port.

import type { AddressInfo } from 'node:net'
import { webSocket } from 'sluice/websocket'
import { WebSocketServer, type WebSocket } from 'ws'

export function sluice(): Promise<number> {
  return new Promise(resolve => {
    webSocket.listen({ port: 0, host: '127.0.0.1' }).subscribe(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
      else if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
    })
  })
}

export function ws(): Promise<number> {
  return listening(socket => {
    socket.on('message', (data, isBinary) => {
      socket.send(data as Buffer, { binary: isBinary })
    })
  })
}

/** The socket beneath is corked until the end of the tick, which the public interface of `ws` does not offer. */
export function wsCorked(): Promise<number> {
  return listening(socket => {
    const { _socket: beneath } = socket as unknown as { readonly _socket: { cork(): void; uncork(): void } }
    let corked = false
    const uncork = () => {
      corked = false
      beneath.uncork()
    }
    socket.on('message', (data, isBinary) => {
      if (!corked) {
        corked = true
        beneath.cork()
        process.nextTick(uncork)
      }
      socket.send(data as Buffer, { binary: isBinary })
    })
  })
}

function listening(onSocket: (socket: WebSocket) => void): Promise<number> {
  return new Promise(resolve => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
      resolve((server.address() as AddressInfo).port)
    })
    server.on('connection', socket => {
      socket.on('error', () => undefined)
      onSocket(socket)
    })
  })
}
