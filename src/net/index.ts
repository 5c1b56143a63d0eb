export { tcp } from './tcp.js'
export type { PathPlace, PathTarget, SocketOptions, TcpPlace, TcpTarget } from './socket-options.js'
