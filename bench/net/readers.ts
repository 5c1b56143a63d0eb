// Other ways to read a socket, that send back what they receive. Each answers its port.

import { createServer, type Socket } from 'node:net'
import { from } from 'rxjs'
import { ignore, listening } from './echo-servers.js'

export { sluice } from './echo-servers.js'

export function asyncIteration(): Promise<number> {
  return listening(createServer({ noDelay: true }, socket => void iterate(socket).catch(ignore)))
}

async function iterate(socket: Socket): Promise<void> {
  for await (const chunk of socket as AsyncIterable<Buffer>) socket.write(chunk)
}

export function rxjsFrom(): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      from(socket as AsyncIterable<Buffer>).subscribe({ next: chunk => socket.write(chunk), error: ignore })
    }),
  )
}
