// Servers whose packets take a millisecond each. Each answers its port.

import { concatMap, filter, ignoreElements, map, tap, timer, type Observable } from 'rxjs'
import { consume, type ConnectionEvent } from 'sluice'
import { tcp } from 'sluice/net'

let handled = 0
let bytes = 0

/** How many packets were handled so far, and how many bytes. */
export function progress(): { readonly handled: number; readonly bytes: number } {
  return { handled, bytes }
}

/** With the defaults of `consume`: one packet at a time, 16 wait. */
export function sluice(): Promise<number> {
  return listening(stream => stream.pipe(consume(packet => handle(packet))))
}

/** What RxJS does where nobody holds the connection: it keeps what waits. */
export function unheld(): Promise<number> {
  return listening(stream =>
    stream.pipe(
      concatMap(event => (event.type === 'packet' ? handle(event.packet).pipe(map(() => event)) : [event])),
      filter(event => event.type !== 'packet'),
    ),
  )
}

function handle(packet: Uint8Array): Observable<never> {
  return timer(1).pipe(
    tap(() => {
      handled += 1
      bytes += packet.length
    }),
    ignoreElements(),
  )
}

function listening(
  handler: (stream: Observable<ConnectionEvent>) => Observable<{ readonly type: string }>,
): Promise<number> {
  return new Promise(resolve => {
    const stream = tcp.listen({ port: 0, host: '127.0.0.1' }).pipe(
      tap(event => {
        if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      }),
    )
    handler(stream).subscribe()
  })
}
