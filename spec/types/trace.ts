import type { Observable } from 'rxjs'
import { packets, trace, type Connection, type ConnectionEvent, type ConnectionStream, type SentOf } from 'sluice'
import { expectType } from '../support/types.js'

interface Weather {
  readonly type: 'weather'
}

type Talk = ConnectionEvent<string, Connection<number>>

declare const talk: ConnectionStream<Talk>
declare const merged: ConnectionStream<Talk | Weather>

// A stream is what it was.
expectType<typeof merged>()(merged.pipe(trace(console.log)))
expectType<Observable<string>>()(talk.pipe(trace(console.log, { sent: true }), packets()))

// What is shown is what arrives, and what is sent.
void talk.pipe(
  trace(console.log, {
    show: packet => {
      expectType<string | number>()(packet)
      return String(packet)
    },
  }),
)

declare const sent: SentOf<Talk>
expectType<number>()(sent)

// @ts-expect-error a packet is shown as text
void talk.pipe(trace(console.log, { show: packet => packet }))
