import { defer } from 'rxjs'
import type { ConnectionStream } from 'sluice'
import { laws, type Candidate } from 'sluice/testing'
import { webSocket } from 'sluice/websocket'
import { ca, server } from '../support/net/certificates.js'
import { closeAll } from '../support/net/closing.js'
import { freshPath } from '../support/net/directory.js'
import { resources } from '../support/net/resources.js'

const host = '127.0.0.1'

/** A destroy can be told from an end, by the Close frame that is missing; but not by who reads nothing, where there is no reset. */
const candidates: Readonly<Record<string, Pick<Candidate, 'connect' | 'listen' | 'resets'>>> = {
  'A WebSocket': {
    listen: options => bytes(webSocket.listen({ host, port: 0, ...options })),
    connect: ({ port = 0 }, options) => bytes(webSocket.connect({ url: `ws://${host}:${port}`, ...options })),
  },
  'A WebSocket over TLS': {
    resets: false,
    listen: options => bytes(webSocket.listen({ host, port: 0, tls: server, ...options })),
    connect: ({ port = 0 }, options) =>
      bytes(webSocket.connect({ url: `wss://${host}:${port}`, tls: { ca }, ...options })),
  },
  'A WebSocket on a Unix socket': {
    resets: false,
    listen: options => defer(() => bytes(webSocket.listen({ path: freshPath(), ...options }))),
    connect: ({ address: path }, options) => bytes(webSocket.connect({ url: 'ws://localhost', path, ...options })),
  },
}

for (const [what, candidate] of Object.entries(candidates)) {
  describe(`${what}, by the laws`, () => {
    afterEach(closeAll)
    for (const { law, name, run } of laws)
      it(`law ${law}: ${name}`, () => run({ ...candidate, open: handles, adds: true }))
  })
}

/** Those who speak in binary messages alone have a connection of bytes. */
function bytes(stream: unknown): ConnectionStream {
  return stream as ConnectionStream
}

/** Sockets, servers and what is secure on top of a socket. */
function handles(): number {
  return Object.entries(resources())
    .filter(([kind]) => /^(TCP|Pipe|TLS)/.test(kind))
    .reduce((sum, [, count]) => sum + count, 0)
}
