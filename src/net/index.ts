export { fromDuplex } from './from-duplex.js'
export type { PathPlace, PathTarget, SocketOptions, TcpPlace, TcpTarget } from './socket-options.js'
export { tcp } from './tcp.js'
export type {
  Credentials,
  ServerCredentials,
  TlsClientOptions,
  TlsPlace,
  TlsServerOptions,
  TlsTarget,
} from './tls-options.js'
export { tls } from './tls.js'
export { toDuplex } from './to-duplex.js'
export { upgrade, type UpgradeOptions } from './upgrade.js'
