import type { Observable } from 'rxjs'
import type { Connection } from './connection.js'
import type { Listener } from './listener.js'

/** The port is bound. */
export interface ListeningEvent {
  readonly type: 'listening'
  /** The handle of the port. */
  readonly listener: Listener
}

/** A dial starts; nothing can be sent yet. */
export interface ConnectingEvent<C extends Connection<never> = Connection> {
  readonly type: 'connecting'
  /** The one that is dialled. */
  readonly connection: C
}

/** Ready to send: connected, every handshake done. */
export interface OpenEvent<C extends Connection<never> = Connection> {
  readonly type: 'open'
  /** The one to send through. */
  readonly connection: C
  /** 1, 2, … in a reconnecting stream. More than 1 says that something may be missing before it. */
  readonly session: number
}

/** Something has arrived: a chunk of bytes from a transport, a packet behind `framed`. */
export interface PacketEvent<In = Uint8Array, C extends Connection<never> = Connection> {
  readonly type: 'packet'
  /** Where it has arrived, and may be answered. */
  readonly connection: C
  /** In the form that the last operator has given it. */
  readonly packet: In
}

/** There is room again after a `send` that answered `false`. */
export interface DrainEvent<C extends Connection<never> = Connection> {
  readonly type: 'drain'
  /** The one on which there is room. */
  readonly connection: C
}

/** The peer has finished sending; nothing more will arrive. */
export interface EndEvent<C extends Connection<never> = Connection> {
  readonly type: 'end'
  /** The one whose peer has finished; replies can still be sent. */
  readonly connection: C
}

/**
 * Who ended a connection: `local` (we did), `remote` (the peer, in an orderly way), `timeout` (a deadline), `shutdown` (a drain),
 * `error` (anything else).
 */
export type CloseReason = 'local' | 'remote' | 'timeout' | 'shutdown' | 'error'

/** The last event of a connection. */
export interface CloseEvent<C extends Connection<never> = Connection> {
  readonly type: 'close'
  /** The one that is over. What it has counted stays. */
  readonly connection: C
  /** Who has ended it. */
  readonly reason: CloseReason
  /** What went wrong, with a `code`. A `local` close has one too if its flush did not end within `closeTimeout`. */
  readonly error?: Error
  /** Bytes that were taken for sending and that the system never got. */
  readonly bytesUnsent: number
}

/** A reconnecting stream starts to wait. */
export interface RetryEvent {
  readonly type: 'retry'
  /** 1, 2, … within one outage. */
  readonly attempt: number
  /** Milliseconds. */
  readonly delay: number
  /** The `close` that is answered by this wait, or the error of a source that could not even dial. */
  readonly cause: unknown
}

/**
 * Everything that a connection stream emits, in the order in which it happened.
 *
 * @typeParam In what arrives
 * @typeParam C the connection that every event carries
 */
export type ConnectionEvent<In = Uint8Array, C extends Connection<never> = Connection> =
  | ListeningEvent
  | ConnectingEvent<C>
  | OpenEvent<C>
  | PacketEvent<In, C>
  | DrainEvent<C>
  | EndEvent<C>
  | CloseEvent<C>
  | RetryEvent

/** A stream of connection events: what dialling, listening, reconnecting, a pool and a server have in common. */
export type ConnectionStream<E extends TypedEvent = ConnectionEvent> = Observable<E>

/** The least that an event is: operators pass through every type that they do not understand. */
export interface TypedEvent {
  /** What has happened, in a word. */
  readonly type: string
}

/** An event of a stream of bytes: one that has a connection or a packet has those of bytes. */
export interface ByteEvent extends TypedEvent {
  readonly connection?: Connection
  readonly packet?: Uint8Array
}

/** A connection event of whatever packets and connection: the form in which operators look at what passes. */
export type AnyEvent = ConnectionEvent<unknown, Connection<never>>

/** What arrives in a stream of `E`. */
export type PacketOf<E> = E extends PacketEvent<infer In, Connection<never>> ? In : never

/** The connection that the events `E` carry. */
export type ConnectionOf<E> = E extends { readonly connection: infer C extends Connection<never> } ? C : never

/** What can be sent on the connections of `E`. */
export type SentOf<E> = ConnectionOf<E> extends infer C ? (C extends Connection<infer Out> ? Out : never) : never

/** `E` with packets of another kind, everything else untouched. */
export type WithPacket<E, In> = E extends PacketEvent<unknown, infer C> ? PacketEvent<In, C> : E

/** `C`, for sending packets of another kind. */
type Sending<C, Out> = Omit<C, 'send'> & Pick<Connection<Out>, 'send'>

/** The same, where it has more than any connection has. */
type Resent<C, Out> =
  C extends Connection<infer Sent> ? (Connection<Sent> extends C ? Connection<Out> : Sending<C, Out>) : never

/** `E` on connections that send packets of another kind, everything else untouched. */
export type WithSent<E, Out> = E extends { readonly connection: infer C extends Connection<never> }
  ? Omit<E, 'connection'> & { readonly connection: Resent<C, Out> }
  : E

/** `E` on another connection, everything else untouched. */
export type WithConnection<E, C extends Connection<never>> = E extends { readonly connection: Connection<never> }
  ? Omit<E, 'connection'> & { readonly connection: C }
  : E
