import { WebSocket } from 'ws'
import type { ConnectionOptions } from 'sluice'
import { laws, type Candidate } from 'sluice/testing'
import { binary, webSocket as ours } from 'sluice/websocket'
import { webSocket } from '#src/websocket/browser/index.js'

const host = '127.0.0.1'

/** A page's end, over a WebSocket that is like a browser's, against our server. */
const candidate: Candidate = {
  listen: options => ours.listen({ host, port: 0, maxPayload: Infinity, ...options }).pipe(binary()),
  connect: ({ port = 0 }, { halfOpen: _, ...options }: ConnectionOptions) =>
    webSocket.connect({ url: `ws://${host}:${port}`, WebSocket, ...options }).pipe(binary()),
  open: () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length,
  adds: true,
}

/** What the platform can't do. */
const exceptions: readonly string[] = [
  // It has no abort: what the peer does not read goes on waiting, in the platform's hands.
  'unsubscribing gives up when the peer does not read within the deadline',
  // It has answered the peer's Close frame before it tells of it.
  'a dialled connection answers the end of its peer likewise',
  // It counts messages without their frames, which our server does not.
  'the counters tell what came and what went',
]

describe('The platform’s WebSocket, by the laws', () => {
  for (const { law, name, run } of laws) {
    if (!exceptions.includes(name)) it(`law ${law}: ${name}`, () => run(candidate))
  }
})
