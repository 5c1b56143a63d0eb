export { bind, type Host } from './bind.js'
export type { ConnectionOptions } from './connection-options.js'
export type { Connection, ConnectionState, Endpoint, PeerIdentity, TlsSession } from './connection.js'
export { dial } from './dial.js'
export { SluiceError, type ErrorCode } from './errors.js'
export type {
  AnyEvent,
  CloseEvent,
  CloseReason,
  ConnectingEvent,
  ConnectionEvent,
  ConnectionOf,
  ConnectionStream,
  DrainEvent,
  EndEvent,
  ListeningEvent,
  OpenEvent,
  PacketEvent,
  PacketOf,
  RetryEvent,
  SentOf,
  TypedEvent,
  WithConnection,
  WithPacket,
  WithSent,
} from './event.js'
export { lifecycle } from './lifecycle.js'
export { Gate, type Admission, type Listener } from './listener.js'
export type { Loaded } from './loaded.js'
export { packets } from './packets.js'
export { perConnection } from './per-connection.js'
export { seeded } from './seeded.js'
export { trace, type TraceOptions } from './trace.js'
export type { Transport } from './transport.js'
export type { Line, Wire } from './wire.js'
export { WrappedConnection } from './wrap-connection.js'
