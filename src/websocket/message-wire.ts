import type { Encoder } from '../connection/encoded.js'
import type { Wire } from '../connection/wire.js'
import type { CloseStatus } from './close-status.js'

/** What a WebSocket's wire can do beside others. */
export interface MessageWire<in Out> extends Wire<Out> {
  readonly protocol: string
  /** What makes bytes of messages that are the same for every wire of the kind, where they are. */
  readonly frames?: Encoder<Out> | undefined
  /** What the peer's Close frame has said, once it has come. */
  readonly status: CloseStatus | undefined
  /** Whether both have said Close, and all of it was written: that the peer is slow to part is no failure then. */
  readonly settled?: boolean
  /** What our Close frame will say. Without it, what the peer's said, or 1000. */
  leaveWith(status: CloseStatus): void
}
