// Servers that answer each request, a frame of four bytes of length and of an id, with itself. Each answers its port.

import { of } from 'rxjs'
import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { byId, inOrder, respond, type Correlation } from 'sluice/request'

export { gathered } from '../framing/echo-servers.js'

export function respondById(): Promise<number> {
  const numbered = byId<Uint8Array>({
    put: packet => packet,
    get: packet => new DataView(packet.buffer, packet.byteOffset).getUint32(0),
  })
  return answering(numbered)
}

export function respondInOrder(): Promise<number> {
  return answering(inOrder())
}

function answering(correlation: Correlation<Uint8Array, Uint8Array>): Promise<number> {
  return new Promise(resolve => {
    tcp
      .listen({ port: 0, host: '127.0.0.1' })
      .pipe(
        framed(lengthField()),
        respond(correlation, request => of(request)),
      )
      .subscribe(event => {
        if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      })
  })
}
