import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Subscription } from 'rxjs'
import type { Endpoint } from '../../connection/connection.js'
import type { Wire } from '../../connection/wire.js'
import { DuplexWire } from '../../net/duplex-wire.js'
import type { Gather } from '../../net/gather.js'
import { handshakeEnded, type Handshake } from '../../net/handshake.js'
import type { SocketKind } from '../../net/socket-kind.js'
import type { MessageLink } from './message-link.js'
import { openWire } from './protocol/open-wire.js'
import type { WireSettings } from './protocol/wire-settings.js'

const nothing = () => undefined

/**
 * What a connection is on until its handshakes are done: nothing can be sent, it can only be given up. Its socket is watched here, whoever
 * else reads from it.
 */
export class PendingWire implements Wire<unknown> {
  readonly size = () => 0
  readonly write = nothing
  readonly end = nothing

  /** Why it will have closed, where that is known before. */
  failure: Error | undefined

  readonly #link: MessageLink
  readonly #over: () => void
  #begin: () => void
  #socket: Duplex | undefined
  #kind: SocketKind | undefined
  #abort: (() => void) | undefined
  #meanwhile: Subscription | undefined

  /**
   * @param over called when it is given up, or has closed: whoever works on the handshake does not have to any more
   * @param begin called once the connection is on this wire
   */
  constructor(link: MessageLink, over: () => void, begin: () => void = nothing) {
    this.#link = link
    this.#over = over
    this.#begin = begin
  }

  get remote(): Endpoint | undefined {
    return this.#socket === undefined ? undefined : this.#kind?.remote(this.#socket)
  }

  /** What goes on meanwhile, and ends with it. */
  meanwhile(work: Subscription): void {
    this.#meanwhile = work
  }

  pause(): void {
    this.resume()
  }

  resume(): void {
    const begin = this.#begin
    this.#begin = nothing
    begin()
  }

  destroy(): void {
    this.#leave()
    if (this.#abort !== undefined) this.#abort()
    else if (this.#socket !== undefined) this.#socket.destroy()
    else this.#link.closed()
  }

  /** From now on, what becomes of this socket becomes of the connection. */
  watch(socket: Duplex, kind?: SocketKind): void {
    this.#unwatch()
    this.#socket = socket
    this.#kind = kind
    socket.on('error', this.#failed).on('close', this.#closed)
  }

  /** Makes a socket secure. One that can't be is the connection's end. */
  secure(
    handshake: Handshake,
    socket: Duplex,
    kind: SocketKind,
    done: (socket: Duplex, kind: SocketKind) => void,
  ): void {
    this.#unwatch()
    socket.on('error', nothing) // The handshake will say what it was.
    this.#abort = handshake(socket, kind, result => {
      this.#abort = undefined
      if ('error' in result) {
        this.watch(socket, kind)
        this.#link.destroy(result.error)
        if (socket.closed) this.#closed()
      } else {
        this.watch(result.socket, result.kind)
        done(result.socket, result.kind)
      }
    })
  }

  /** The handshakes are done. @param early what has come behind them */
  open(socket: Duplex, kind: SocketKind, gather: Gather, settings: WireSettings, early: Uint8Array): void {
    this.#unwatch()
    socket.allowHalfOpen = true
    if (socket instanceof Socket) socket.setTimeout(0) // A server, or an agent, may have given it one, for requests.
    if (early.length > 0) socket.unshift(early)
    const wire = openWire(this.#link, settings, below => new DuplexWire(below, socket, kind, gather))
    this.#link.attach(wire)
    this.#link.opened()
  }

  #unwatch(): void {
    this.#socket?.off('error', this.#failed).off('close', this.#closed)
  }

  readonly #failed = (error: Error): void => {
    this.failure ??= error
  }

  readonly #closed = (): void => {
    this.#leave()
    this.#link.closed(this.failure ?? handshakeEnded())
  }

  #leave(): void {
    this.#meanwhile?.unsubscribe()
    this.#over()
  }
}
