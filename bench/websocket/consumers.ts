// A server whose messages take a millisecond each. It answers its port.

import { ignoreElements, tap, timer } from 'rxjs'
import { consume } from 'sluice'
import { webSocket, type Message } from 'sluice/websocket'

let handled = 0
let bytes = 0

/** How many messages were handled so far, and how many bytes. */
export function progress(): { readonly handled: number; readonly bytes: number } {
  return { handled, bytes }
}

/** With the defaults of `consume`: one message at a time, 16 wait. */
export function sluice(): Promise<number> {
  return new Promise(resolve => {
    webSocket
      .listen({ port: 0, host: '127.0.0.1' })
      .pipe(
        tap(event => {
          if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
        }),
        consume((message: Message) =>
          timer(1).pipe(
            tap(() => {
              handled += 1
              bytes += message.length
            }),
            ignoreElements(),
          ),
        ),
      )
      .subscribe()
  })
}
