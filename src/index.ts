export * from './connection/index.js'
export * from './flow/index.js'
export * from './liveness/index.js'
export * from './reconnect/index.js'
