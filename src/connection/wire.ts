import type { Endpoint, TlsSession } from './connection.js'

/**
 * What a transport supplies for each connection: the system's side of it. Everything that the laws ask (order, pausing, marks,
 * deadlines, who closed and why) is done above it. One that throws, but for `size`, is destroyed (`ERR_HANDLER`).
 *
 * @typeParam Out what can be sent: bytes, or whole messages
 */
export interface Wire<in Out = Uint8Array> {
  /** Our end, where it is known. */
  readonly local?: Endpoint | undefined
  /** The peer's end, where it is known. Default: what was dialled. */
  readonly remote?: Endpoint | undefined
  /** What was settled, where it is secure. */
  readonly tls?: TlsSession | undefined
  /** Up to how many bytes of a packet `write` copies at once, so that whoever sent them may write into them again. */
  readonly copies?: number | undefined
  /** The bytes that a packet will take on the wire. Throws a `TypeError` for what can't be sent. */
  size(packet: Out): number
  /** Takes a packet for sending; `Line.written` is told when the system has it. */
  write(packet: Out): void
  /**
   * Takes a packet that many connections are sent: nobody will write into it, and it is not worth a copy. Where a wire
   * has none, each is written its own.
   */
  share?(packet: Out): void
  /** Stops reading: at most one more read may be reported. */
  pause(): void
  /** Reads on. One of `resume` and `pause` is called first of all: before it, a wire that needs no time of its own tells nothing. */
  resume(): void
  /** Says that nothing more will be written, behind all that was; reading goes on. */
  end(): void
  /**
   * Ends both directions at once and loses what waits. `Line.closed` must follow.
   *
   * @param error what went wrong, if that is why: a protocol that can may still tell its peer
   */
  destroy(error?: Error): void
}

/** Where a transport tells what happens on a wire. */
export interface Line<in In = Uint8Array> {
  /** It is connected, and can be written to. */
  opened(): void
  /**
   * Something has arrived.
   *
   * @param size bytes that came over the network for it
   */
  received(packet: In, size: number): void
  /** So many bytes have come over the network that are no packet, or not yet. */
  heard(size: number): void
  /** The peer has finished sending. */
  ended(): void
  /**
   * The wire sends so many bytes of its own, such as an answer that its protocol asks for: they count like any other. Answers
   * whether they may be written; if not, they were too many, and the wire has been destroyed.
   */
  added(size: number): boolean
  /** The system has taken so many more bytes of what was written. */
  written(size: number): void
  /** The system did not take all at once: from now on, `written` has to make progress. */
  blocked(): void
  /** Nothing is left of it. The last thing told, after `destroy` too. */
  closed(error?: Error): void
  /** Ends the connection, for a reason that the wire has found. */
  destroy(error?: Error): void
}
