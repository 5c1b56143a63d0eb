import type { Subscription } from 'rxjs'

/** Where one end of a connection is: a host and port, or the path of a Unix socket in `address` and no port. */
export interface Endpoint {
  /** Of IP, the path of a Unix socket, or whatever a transport of one's own calls its places. */
  readonly address: string
  /** Where there are ports. */
  readonly port?: number
  /** Of the address, where that is one of IP and it is known. */
  readonly family?: 'IPv4' | 'IPv6'
}

/**
 * What can still happen on a connection.
 *
 * - `connecting`: nothing can be sent yet
 * - `open`: `send` takes packets, also after the peer's `end`
 * - `closing`: we have finished sending (`close()` or `end()`); input may still arrive
 * - `closed`: nothing happens any more; the `close` event has been told or is about to be
 */
export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed'

/** What a handshake has settled about a TLS connection. */
export interface TlsSession {
  /** `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string
  /** By OpenSSL's name: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** What both speak, where they have agreed on it (ALPN). */
  readonly alpn: string | undefined
  /** The name that the client has asked for, where it has (SNI). */
  readonly serverName: string | undefined
  /** Whether the peer's certificate was checked and found good. A server that asks for none sees `false`. */
  readonly authorized: boolean
  /** Why the peer's certificate was not found good, where it was allowed all the same. */
  readonly authorizationError: string | undefined
  /** What its certificate says, where it has shown one, be it good or not: look at `authorized`. */
  readonly peer: PeerIdentity | undefined
}

/** Who the peer's certificate says it is. */
export interface PeerIdentity {
  /** Its name in parts: `CN`, `O` and the like. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>
  /** The name of who has signed it. */
  readonly issuer: Readonly<Record<string, string | readonly string[]>>
  /** All that it may be called: `DNS:example.org, IP Address:192.0.2.1`. */
  readonly subjectAltName: string | undefined
  /** SHA-256 of the certificate, as `AB:CD:…`: what to pin. */
  readonly fingerprint256: string
  /** In hexadecimal, unique for its issuer. */
  readonly serialNumber: string
  /** Milliseconds since 1970. */
  readonly validFrom: number
  /** Milliseconds since 1970. */
  readonly validTo: number
  /** The certificate itself, DER. */
  readonly raw: Uint8Array
}

/**
 * The small handle through which one connection is answered, asked and ended. Every event carries it.
 *
 * A handle is valid for ever: after the end its methods do nothing, and its counters keep their last value.
 *
 * @typeParam Out what `send` takes: bytes on a transport, packets behind `framed`
 */
export interface Connection<in Out = Uint8Array> {
  /** Identity: unique, never reused, kept by every operator that wraps a connection. */
  readonly id: string
  /** What can still happen on it, as of this moment. */
  readonly state: ConnectionState
  /** Our end, known once open. */
  readonly local: Endpoint | undefined
  /** The peer's end: while connecting it is the target as it was asked for. */
  readonly remote: Endpoint | undefined
  /** When it opened, in milliseconds since 1970, by the clock of RxJS (virtual in a marble test). */
  readonly openedAt: number | undefined
  /** What the TLS handshake has settled, where there was one. */
  readonly tls: TlsSession | undefined

  /**
   * Sends a packet.
   *
   * `true`: taken, go on. `false` while `open`: taken, but stop; one `drain` (or the `close`) will follow. `false` otherwise: not
   * taken. It never throws for what a peer did; a packet that can't be encoded throws here, at its sender. The bytes belong to
   * Sluice from now on: don't write into them. Beyond `maxBuffered` the connection is destroyed with `ERR_SEND_OVERFLOW`.
   */
  readonly send: (packet: Out) => boolean

  /**
   * Flushes, then closes: what was sent goes out, FIN follows, and input is still emitted until the peer's FIN. After
   * `closeTimeout` the connection is destroyed, its `close` carrying `ERR_CLOSE_TIMEOUT`.
   *
   * @param reason what the `close` event will say; `shutdown` is a drain's
   */
  close(reason?: 'local' | 'shutdown'): void

  /** Half-closes: what was sent goes out, FIN follows, nothing more can be sent; the peer may go on, without a deadline. */
  end(): void

  /**
   * Aborts: what waits is lost (`bytesUnsent` tells how much), a TCP peer sees a reset.
   *
   * Without an error the `close` says `local`; with one it says `error`, or `timeout` for an error whose code ends with `_TIMEOUT`.
   */
  destroy(error?: Error): void

  /**
   * Stops reading until the Subscription that it answers is unsubscribed; with several holders, until the last is.
   *
   * While paused no `packet`, no `end` and no orderly `close` is emitted; failures are. The peer is held back by TCP itself. A paused
   * connection can't see that its peer has left, until it writes.
   */
  pause(): Subscription

  /** Whether somebody holds it paused, be it you or an operator. */
  readonly paused: boolean
  /** Bytes that were taken for sending and have not been handed to the system. */
  readonly bufferedAmount: number
  /** Bytes that have come over the network, whether they have been told or not. */
  readonly bytesRead: number
  /** Bytes that `send` has taken. */
  readonly bytesAccepted: number
  /** Bytes, of those that `send` has taken, that were handed to the system. */
  readonly bytesWritten: number
}
