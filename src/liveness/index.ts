export { firstPacket } from './first-packet.js'
export { heartbeat, type HeartbeatEvent, type HeartbeatOptions } from './heartbeat.js'
export { idleTimeout } from './idle-timeout.js'
