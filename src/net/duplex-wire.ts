import type { Duplex } from 'node:stream'
import type { Endpoint, TlsSession } from '../connection/connection.js'
import { notBytes } from '../connection/encoded.js'
import { asError, handlerError } from '../connection/errors.js'
import type { Line, Wire } from '../connection/wire.js'
import { copyOfRead } from './copy-of-read.js'
import { COPIED, type Gather, type Gathered } from './gather.js'
import { handshakeEnded, type Handshake, type HandshakeResult } from './handshake.js'
import { joinNeighbours } from './join-neighbours.js'
import { Securing } from './securing.js'
import { hearInput, hearLife, leaveClose, leaveInput, type SocketListener } from './socket-events.js'
import type { SocketKind } from './socket-kind.js'
import { takeBatch } from './take-batch.js'

/** How much is handed to the system at once: the grain in which progress is seen. */
const BATCH = 256 * 1024

/** From how much on a turn's end is not waited for. */
const FLUSH_AT = 64 * 1024

// What is true or false of a wire is kept in one number: of a connection at rest, every field counts.

/** There is something to write at the end of this turn. */
const DIRTY = 1
/** Our end comes behind what waits. */
const ENDING = 2
const PAUSED = 4
/** Not (or not now) in a state to read or write: a handshake is going on. */
const SUSPENDED = 8

/**
 * A Node duplex as a wire of bytes: the only place that listens to one, and the only one that writes to it.
 *
 * At most `BATCH` bytes are in Node's hands at a time and the rest waits here, in order: so `bufferedAmount` and `bytesUnsent` are exact,
 * and a slow peer can be told from one that has stopped reading.
 */
export class DuplexWire implements Wire, Gathered, SocketListener {
  readonly #line: Line
  readonly #gather: Gather
  #kind: SocketKind
  #socket: Duplex
  #queue: Uint8Array[] | undefined
  /** Bytes in the queue and in the slab. */
  #waiting = 0
  /** Bytes in Node's hands. */
  #inFlight = 0
  #flags: number
  #securing: Securing | undefined
  #failure: Error | undefined

  /** @param suspended whether nothing is read or written until it is made secure */
  constructor(line: Line, socket: Duplex, kind: SocketKind, gather: Gather, suspended = false) {
    this.#line = line
    this.#socket = socket
    this.#kind = kind
    this.#gather = gather
    this.#flags = suspended ? SUSPENDED : 0
    this.#listen()
  }

  get copies(): number {
    return COPIED
  }

  get local(): Endpoint | undefined {
    return this.#kind.local(this.#socket)
  }

  get remote(): Endpoint | undefined {
    return this.#kind.remote(this.#socket)
  }

  get tls(): TlsSession | undefined {
    return this.#kind.tls(this.#socket)
  }

  size(packet: unknown): number {
    if (packet instanceof Uint8Array) return packet.length
    throw notBytes(packet)
  }

  write(packet: Uint8Array): void {
    if (packet.length > COPIED) {
      this.share(packet)
      return
    }
    this.#gather.copy(this, packet)
    this.#took(packet.length)
  }

  share(packet: Uint8Array): void {
    if (packet.length === 0) return // Nothing that is counted would ever have it leave the queue.
    this.seal()
    ;(this.#queue ??= []).push(packet)
    this.#took(packet.length)
  }

  pause(): void {
    this.#flags |= PAUSED
    if (!this.#is(SUSPENDED)) this.#kind.pause(this.#socket)
  }

  resume(): void {
    this.#flags &= ~PAUSED
    if (!this.#is(SUSPENDED)) this.#socket.resume()
  }

  end(): void {
    this.#flags |= ENDING
    if (this.#waiting === 0) this.#endSocket()
    else this.#markDirty()
  }

  destroy(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const taken = this.#inFlight - (this.#kind.pending(socket) ?? this.#inFlight)
    if (taken > 0 && !this.#is(SUSPENDED)) this.#line.written(taken)
    if (this.#securing?.underWay === true) this.#securing.abort()
    else this.#kind.abort(socket)
  }

  /** Moves what is in the shared slab into our own queue, behind what is there. */
  seal(): void {
    const region = this.#gather.take(this)
    if (region !== undefined && region.length > 0) (this.#queue ??= []).push(region)
  }

  /** Hands to the system what waits, as far as it takes it. */
  flush(): void {
    this.#flags &= ~DIRTY
    if (this.#socket.destroyed) return
    try {
      while (this.#waiting > 0 && this.#inFlight === 0 && !this.#is(SUSPENDED)) this.#writeBatch()
      if (this.#inFlight > 0) this.#line.blocked()
      else if (this.#is(ENDING) && this.#waiting === 0) this.#endSocket()
    } catch (thrown) {
      this.#line.destroy(handlerError('the duplex', thrown)) // Nobody else must miss his flush for it.
    }
  }

  #is(flag: number): boolean {
    return (this.#flags & flag) !== 0
  }

  #took(size: number): void {
    this.#waiting += size
    if (this.#waiting >= FLUSH_AT) this.flush()
    else this.#markDirty()
  }

  #markDirty(): void {
    if (this.#is(DIRTY) || this.#inFlight > 0) return
    this.#flags |= DIRTY
    this.#gather.add(this)
  }

  #writeBatch(): void {
    const socket = this.#socket
    const region = this.#queue === undefined ? this.#gather.take(this) : undefined
    if (region !== undefined) {
      this.#hand(region.length)
      socket.write(region, this.#whenWritten())
      if (this.#settle() && !this.#kind.keeps) this.#gather.reuse(region)
      return
    }
    this.seal()
    const batch = joinNeighbours(this.#nextBatch())
    const last = batch.pop()
    if (last === undefined) return
    this.#hand(batch.reduce((sum, chunk) => sum + chunk.length, last.length))
    if (batch.length === 0) socket.write(last, this.#whenWritten())
    else {
      socket.cork()
      for (const chunk of batch) socket.write(chunk)
      socket.write(last, this.#whenWritten())
      socket.uncork()
    }
    this.#settle()
  }

  #nextBatch(): Uint8Array[] {
    const queue = this.#queue ?? []
    const batch = takeBatch(queue, BATCH)
    if (queue.length === 0) this.#queue = undefined
    return batch
  }

  #hand(size: number): void {
    this.#waiting -= size
    this.#inFlight = size
  }

  /** Whether what Node had in hand has been taken by the system, which is told the line. */
  #settle(): boolean {
    if (this.#inFlight > 0) {
      const { writableLength, errored, destroyed } = this.#socket
      if (writableLength > 0 || Boolean(errored) || destroyed) return false
      const size = this.#inFlight
      this.#inFlight = 0
      this.#line.written(size)
    }
    if (this.#securing !== undefined) this.#shakeHands(this.#securing)
    return true
  }

  /** Made for each write, and not kept: it would be a good part of what an idle connection costs. */
  #whenWritten(): () => void {
    return () => {
      if (this.#inFlight > 0 && this.#settle()) this.flush()
    }
  }

  #endSocket(): void {
    if (!this.#is(SUSPENDED) && !this.#socket.destroyed) this.#socket.end()
  }

  // ── handshakes ──

  /** Whether a handshake can begin: none is under way, and both ends can still speak. */
  get canSecure(): boolean {
    return !this.#is(SUSPENDED) && !this.#is(ENDING) && !this.#socket.readableEnded && !this.#socket.destroyed
  }

  /**
   * Goes on over the socket that a handshake makes of ours. What was sent before goes out first, in clear, and what is sent meanwhile waits;
   * nothing is read but by the handshake, to which the bytes of `rest` come first.
   *
   * @param told what is called at the end, with what went wrong, when that is the connection's end too
   */
  secure(handshake: Handshake, told: (error?: Error) => void, rest: readonly Uint8Array[] = []): void {
    const socket = this.#socket
    this.#flags |= SUSPENDED
    this.#securing = new Securing(handshake, told)
    leaveInput(socket)
    for (const chunk of [...rest].reverse()) if (chunk.length > 0) socket.unshift(chunk)
    this.seal()
    const last = this.#queue?.pop()
    for (const chunk of this.#queue ?? []) socket.write(chunk)
    this.#queue = undefined
    this.#inFlight += this.#waiting
    this.#waiting = 0
    if (last !== undefined) socket.write(last, this.#whenWritten())
    this.#settle()
  }

  #shakeHands(securing: Securing): void {
    if (securing.underWay || this.#socket.destroyed) return
    securing.begin(this.#socket, this.#kind, result => {
      this.#secured(securing, result)
    })
  }

  #secured(securing: Securing, result: HandshakeResult): void {
    const before = this.#socket
    if ('error' in result) {
      securing.tell(result.error)
      this.#line.destroy(result.error)
      this.#securing = undefined
      if (before.closed) this.#line.closed()
      return
    }
    leaveClose(before)
    this.#securing = undefined
    this.#flags &= ~SUSPENDED
    this.#socket = result.socket
    this.#kind = result.kind
    this.#listen()
    if (this.#is(PAUSED)) this.pause()
    this.flush()
    securing.tell()
  }

  // ── the socket's events ──

  #listen(): void {
    hearLife(this.#socket, this)
    if (!this.#is(SUSPENDED)) hearInput(this.#socket, this.#kind.keeps)
  }

  /** What comes while we are paused waits in Node's hands, behind what waits there. */
  onRead(size: number): boolean {
    const chunk = copyOfRead(size)
    if (this.#is(PAUSED) || this.#socket.readableLength > 0) return this.#socket.push(chunk)
    this.onData(chunk)
    return true
  }

  onData(chunk: Uint8Array): void {
    this.#gather.beginRead(this)
    this.#line.received(chunk, chunk.length)
    this.#gather.endRead()
    if (this.#is(DIRTY)) this.flush()
  }

  onEnd(): void {
    this.#line.ended()
  }

  onError(error: Error): void {
    this.#failure ??= asError(error)
  }

  onClose(): void {
    const securing = this.#securing
    if (securing?.underWay === true) return // Its result will say why.
    this.#queue = undefined // However long somebody remembers the connection, nobody will send it.
    const error = this.#failure ?? (this.#is(SUSPENDED) ? handshakeEnded() : undefined)
    securing?.tell(error)
    this.#line.closed(error)
  }
}
