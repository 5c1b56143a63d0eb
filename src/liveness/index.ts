export { firstPacket } from './first-packet.js'
export { heartbeat } from './heartbeat.js'
export type { HeartbeatEvent, HeartbeatOptions } from './heartbeat-options.js'
export { idleTimeout } from './idle-timeout.js'
