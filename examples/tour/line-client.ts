import { tap } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import type { Outbox } from './outbox.js'

/** A client for life: delivers what is in its outbox, over as many connections as it takes. */
export const lineClient = (port: number, outbox: Outbox) =>
  tcp.connect({ host: '127.0.0.1', port }).pipe(
    framed(lines()),
    reconnect(exponential({ base: 60, cap: 500 })),
    tap(event => {
      if (event.type === 'open') outbox.open(event.connection)
      if (event.type === 'packet') outbox.answer(event.packet)
    }),
  )
