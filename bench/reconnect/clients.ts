// Clients that come back at once when they are dropped, and say with a byte that they are there.

import { connect } from 'node:net'
import { tcp } from 'sluice/net'
import { constant, reconnect } from 'sluice'

export function sluice(port: number): void {
  tcp
    .connect({ port, host: '127.0.0.1' })
    .pipe(reconnect(constant(0)))
    .subscribe(event => {
      if (event.type === 'open') event.connection.send(Uint8Array.of(1))
    })
}

export function bare(port: number): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(Uint8Array.of(1)))
  socket.on('error', () => undefined)
  socket.resume().on('close', () => {
    bare(port)
  })
}
