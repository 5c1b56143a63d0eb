// Many idle connections, in a pool or merely merged: what they cost is to be measured from outside.

import { createServer } from 'node:net'
import { merge, type Observable } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { listening } from '../net/echo-servers.js'

/** A server that lets its peers be; answers its port. */
export function serve(): Promise<number> {
  return listening(createServer(socket => socket.on('error', () => undefined)))
}

export function pooled(port: number, count: number): Promise<void> {
  return opened(pool(dial(port), { size: count }), count)
}

export function merged(port: number, count: number): Promise<void> {
  return opened(merge(...Array.from({ length: count }, () => dial(port))), count)
}

function dial(port: number): Observable<ConnectionEvent> {
  return tcp.connect({ port, host: '127.0.0.1' })
}

function opened(stream: Observable<{ readonly type: string }>, count: number): Promise<void> {
  let open = 0
  return new Promise(resolve => {
    stream.subscribe(({ type }) => {
      if (type === 'open') open += 1
      if (open === count) resolve()
    })
  })
}
