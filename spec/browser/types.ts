import type { Observable } from 'rxjs'
import { heartbeat, packets, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import * as websocket from 'sluice/websocket'
import { binary, messages, text, webSocket, type Message } from 'sluice/websocket'

/** What a browser can't do is not in the types of its entry; what it can is as elsewhere. */

const url = 'wss://example.org/'

// @ts-expect-error: a page has no headers
void webSocket.connect({ url, headers: { authorization: 'none' } })
// @ts-expect-error: no half of a connection
void webSocket.connect({ url, halfOpen: true })
// @ts-expect-error: no TLS options
void webSocket.connect({ url, tls: {} })
// @ts-expect-error: no pings and pongs
void webSocket.connect({ url, control: true })
// @ts-expect-error: no server
export const { listen } = webSocket
// @ts-expect-error: no pings
export const { pings } = websocket

webSocket.connect({ url, WebSocket, maxHeld: 1024 }).subscribe(event => {
  // @ts-expect-error: a page can't ping
  if (event.type === 'open') event.connection.send({ type: 'ping', data: new Uint8Array() })
})

export const all: readonly [Observable<Message>, Observable<string>, Observable<string>] = [
  webSocket.connect(url).pipe(messages()),
  webSocket.connect(new URL(url)).pipe(text(), heartbeat({ ping: () => 'ping' }), reconnect([100]), packets()),
  webSocket.connect(url).pipe(binary(), framed(lines()), packets()),
]
