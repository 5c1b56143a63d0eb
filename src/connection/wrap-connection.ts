import type { Subscription } from 'rxjs'
import { beneath } from './beneath.js'
import type { Connection, ConnectionState, Endpoint, TlsSession } from './connection.js'
import { handOver, handover, type Handover, type HandsOver } from './handover.js'
import { loaded, loadOf, type Loaded } from './loaded.js'
import { unfinished, unfinishedOn, type Unfinished } from './unfinished.js'

/**
 * A connection that stands in for another and keeps its identity: the base for operators that send or pause in their own way.
 *
 * Everything is handed on; a subclass says what `send` means and overrides what it does differently. What else the wrapped connection
 * has (a WebSocket's `context`) is there, too; `WithSent` says so in types.
 *
 * @example Text over bytes
 * ```ts
 * class TextConnection extends WrappedConnection<string> {
 *   send(text: string): boolean {
 *     return this.inner.send(new TextEncoder().encode(text))
 *   }
 * }
 * ```
 *
 * @typeParam Out what the wrapper sends
 * @typeParam Inner what the wrapped connection sends
 */
export abstract class WrappedConnection<Out, Inner = Uint8Array> implements Connection<Out>, HandsOver {
  static {
    Object.setPrototypeOf(this.prototype, beneath)
  }

  /** The one that it stands in for. */
  protected readonly inner: Connection<Inner>

  constructor(inner: Connection<Inner>) {
    this.inner = inner
  }

  abstract send(packet: Out): boolean

  get id(): string {
    return this.inner.id
  }

  get state(): ConnectionState {
    return this.inner.state
  }

  get local(): Endpoint | undefined {
    return this.inner.local
  }

  get remote(): Endpoint | undefined {
    return this.inner.remote
  }

  get openedAt(): number | undefined {
    return this.inner.openedAt
  }

  get tls(): TlsSession | undefined {
    return this.inner.tls
  }

  get paused(): boolean {
    return this.inner.paused
  }

  get bufferedAmount(): number {
    return this.inner.bufferedAmount
  }

  get bytesRead(): number {
    return this.inner.bytesRead
  }

  get bytesAccepted(): number {
    return this.inner.bytesAccepted
  }

  get bytesWritten(): number {
    return this.inner.bytesWritten
  }

  close(reason?: 'local' | 'shutdown'): void {
    this.inner.close(reason)
  }

  end(): void {
    this.inner.end()
  }

  destroy(error?: Error): void {
    this.inner.destroy(error)
  }

  pause(): Subscription {
    return this.inner.pause()
  }

  /** What `upgrade` goes on with. */
  [handover](): Handover | undefined {
    return handOver(this.inner)
  }

  /** Where `requests` counts. */
  get [loaded](): Loaded | undefined {
    return loadOf(this.inner)
  }

  /** What a drain waits for. */
  get [unfinished](): Unfinished {
    return unfinishedOn(this.inner)
  }
}
