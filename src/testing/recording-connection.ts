import { defer, startWith, Subject, Subscription, type Observable } from 'rxjs'
import { now } from '../connection/clock.js'
import type { Connection, ConnectionState, Endpoint, TlsSession } from '../connection/connection.js'
import { newId } from '../connection/id.js'

/** One thing that was asked of a recording connection, and when: in a marble test, the frame. */
export type RecordedCall<Out = Uint8Array> = { readonly at: number } & (
  | { readonly call: 'send'; readonly packet: Out }
  | { readonly call: 'close'; readonly reason: 'local' | 'shutdown' }
  | { readonly call: 'end' | 'pause' | 'resume' }
  | { readonly call: 'destroy'; readonly error: Error | undefined }
)

/** A connection that records what is asked of it, and that the test tells what to answer. */
export interface RecordingConnection<Out = Uint8Array> extends Connection<Out> {
  id: string
  state: ConnectionState
  local: Endpoint | undefined
  remote: Endpoint | undefined
  openedAt: number | undefined
  tls: TlsSession | undefined
  bufferedAmount: number
  bytesRead: number
  bytesAccepted: number
  bytesWritten: number
  /** What `send` answers while open. A function sees the packet, and may throw. Default `true`. */
  answer: boolean | ((packet: Out) => boolean)
  /** The packets that were taken, oldest first. */
  readonly sent: readonly Out[]
  /** All that was asked, oldest first. */
  readonly calls: readonly RecordedCall<Out>[]
  /** All that was asked so far, and then what is asked. */
  readonly asked: Observable<RecordedCall<Out>>
}

type Recorded = 'asked' | 'calls' | 'paused' | 'sent' | keyof Methods
type Methods = Pick<Connection, 'close' | 'destroy' | 'end' | 'pause' | 'send'>

/**
 * A connection for the unit test of an operator: nothing is behind it, and it emits nothing.
 *
 * It is open unless told otherwise. Its `state` follows what is asked: `close` and `end` make it `closing` and
 * `destroy` makes it `closed`, and as on any connection nothing is taken from then on. All of its properties may be
 * set, at the start or later.
 *
 * @example
 * ```ts
 * const connection = recordingConnection<string>({ answer: packet => packet !== 'big' })
 * connection.send('small') // true
 * connection.send('big') // false: taken, but stop
 * connection.close()
 * connection.sent // ['small', 'big']
 * connection.calls.map(({ call }) => call) // ['send', 'send', 'close']
 * ```
 */
export function recordingConnection<Out = Uint8Array>(
  overrides: Partial<Omit<RecordingConnection<Out>, Recorded>> = {},
): RecordingConnection<Out> {
  return Object.assign(new Recorder<Out>(), overrides)
}

class Recorder<Out> implements RecordingConnection<Out> {
  id = newId()
  state: ConnectionState = 'open'
  local: Endpoint | undefined = undefined
  remote: Endpoint | undefined = undefined
  openedAt: number | undefined = undefined
  tls: TlsSession | undefined = undefined
  bufferedAmount = 0
  bytesRead = 0
  bytesAccepted = 0
  bytesWritten = 0
  answer: boolean | ((packet: Out) => boolean) = true

  readonly calls: RecordedCall<Out>[] = []
  readonly #next = new Subject<RecordedCall<Out>>()
  readonly asked = defer(() => this.#next.pipe(startWith(...this.calls)))
  #holders = 0

  get sent(): readonly Out[] {
    return this.calls.flatMap(call => (call.call === 'send' ? [call.packet] : []))
  }

  get paused(): boolean {
    return this.#holders > 0
  }

  send(packet: Out): boolean {
    if (this.state !== 'open') return false
    const answer = typeof this.answer === 'function' ? this.answer(packet) : this.answer
    this.#record({ at: now(), call: 'send', packet })
    return answer
  }

  close(reason: 'local' | 'shutdown' = 'local'): void {
    if (this.state === 'closed') return
    this.state = this.state === 'connecting' ? 'closed' : 'closing'
    this.#record({ at: now(), call: 'close', reason })
  }

  end(): void {
    if (this.state !== 'open') return
    this.state = 'closing'
    this.#record({ at: now(), call: 'end' })
  }

  destroy(error?: Error): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#record({ at: now(), call: 'destroy', error })
  }

  pause(): Subscription {
    if (this.state === 'closed') return Subscription.EMPTY
    this.#holders += 1
    if (this.#holders === 1) this.#record({ at: now(), call: 'pause' })
    return new Subscription(() => {
      this.#holders -= 1
      if (this.#holders === 0) this.#record({ at: now(), call: 'resume' })
    })
  }

  #record(call: RecordedCall<Out>): void {
    this.calls.push(call)
    this.#next.next(call)
  }
}
