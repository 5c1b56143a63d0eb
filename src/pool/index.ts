export { group, type BroadcastOptions, type ConnectionGroup } from './group.js'
export type { Tally } from './roster.js'
export type { Overflow } from './seat.js'
