import type { Observable } from 'rxjs'
import { packets, type Connection, type ConnectionEvent, type ConnectionStream } from 'sluice'
import { expectType } from '../support/types.js'

interface Beat {
  readonly type: 'beat'
}

declare const bytes: ConnectionStream
declare const lines: ConnectionStream<ConnectionEvent<string, Connection<string>>>
declare const merged: ConnectionStream<ConnectionEvent<number> | ConnectionEvent<string> | Beat>

expectType<Observable<Uint8Array>>()(bytes.pipe(packets()))
expectType<Observable<string>>()(lines.pipe(packets()))
expectType<Observable<number | string>>()(merged.pipe(packets()))

// @ts-expect-error a stream of bytes has no text
expectType<Observable<string>>()(bytes.pipe(packets()))
