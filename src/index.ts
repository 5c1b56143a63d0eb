export * from './connection/index.js'
export * from './reconnect/index.js'
export * from './liveness/index.js'
