/** What the examples in doc comments take as given: the parts of a program that they don't show. */
export const given = `
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { EventEmitter } from 'node:events'
import { createReadStream } from 'node:fs'
import { Duplex, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { ConnectionStream, Line, Wire } from 'sluice'
import type { Decoder } from 'sluice/framing'
import type { Candidate, EventHelpers } from 'sluice/testing'

interface Call { readonly id?: number; readonly method?: string; readonly result?: unknown }
interface Price { readonly share: string }

declare const child: ChildProcessWithoutNullStreams
declare const client: ConnectionStream
declare const server: ConnectionStream
declare const cert: Buffer
declare const key: Buffer
declare const door: EventEmitter
declare const host: string
declare const port: number
declare const last: Map<string, Uint8Array>
declare const left: Observable<void>
declare const prices: Observable<Price>
declare const window: EventTarget
declare const candidate: Candidate
declare const at: EventHelpers['at']
declare const cold: EventHelpers['cold']
declare const expectSent: EventHelpers['expectSent']
declare const Message: { decode(bytes: Uint8Array): object; encode(message: object): Uint8Array }
declare class BitsDecoder implements Decoder<number> {
  decode(chunk: Uint8Array, emit: (bit: number) => boolean): void
  rest(): Uint8Array
  end(emit: (bit: number) => boolean): void
}
declare function answer(line: string): Promise<string>
declare function wireOf(socket: Duplex, line: Line): Wire
declare function freshCredentials(): { readonly cert: Buffer; readonly key: Buffer }
declare function describe(name: string, specs: () => void): void
declare function it(name: string, spec: () => unknown): void
`
