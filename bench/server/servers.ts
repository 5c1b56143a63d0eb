// Servers that hold who comes: the core's own, and one with all that a server does. Each answers its port.

import type { Observable } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { tcp } from 'sluice/net'
import { group } from 'sluice/pool'
import { serve } from 'sluice/server'

const listening = () => tcp.listen({ port: 0, host: '127.0.0.1' })

export function listened(): Promise<number> {
  return portOf(listening())
}

export function grouped(): Promise<number> {
  return portOf(group(listening()))
}

export function served(): Promise<number> {
  return portOf(serve(listening(), { maxConnections: 100_000 }))
}

/** With a handler that waits for packets, as most do. */
export function handled(): Promise<number> {
  return portOf(serve(listening(), packets => packets, { maxConnections: 100_000, firstPacketTimeout: Infinity }))
}

function portOf(stream: Observable<ConnectionEvent | { readonly type: 'refused' }>): Promise<number> {
  return new Promise(resolve => {
    stream.subscribe(event => {
      if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
    })
  })
}
