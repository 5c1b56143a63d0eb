// A worker of a cluster: echoes frames, and says what it has used when it is asked.

import { framed, lengthField } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { serve } from 'sluice/server'
import { usage } from '../support/host.js'

const listening = tcp.listen({ port: 0, host: '127.0.0.1' }).pipe(framed(lengthField()))
serve(listening).subscribe(event => {
  if (event.type === 'packet') event.connection.send(event.packet)
  else if (event.type === 'listening') process.send?.({ port: event.listener.endpoint.port })
})
process.on('message', () => process.send?.({ cpu: usage().cpu }))
