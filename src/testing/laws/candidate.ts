import type { OperatorFunction } from 'rxjs'
import type { Endpoint } from '../../connection/connection.js'
import type { ConnectionOptions } from '../../connection/connection-options.js'
import type { ConnectionStream, TypedEvent } from '../../connection/event.js'

/**
 * A transport of bytes, to be held against the laws; or a transport through an operator that leaves bytes what they
 * are.
 *
 * @example TCP as a candidate
 * ```ts
 * const candidate: Candidate = {
 *   listen: options => tcp.listen({ host: '127.0.0.1', port: 0, ...options }),
 *   connect: ({ address, port = 0 }, options) => tcp.connect({ host: address, port, ...options }),
 *   open: () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length,
 * }
 * ```
 */
export interface Candidate {
  /** Binds a place that is free. */
  readonly listen: (options: ConnectionOptions & { readonly backlog?: number }) => ConnectionStream
  /** Dials what is bound, or was. */
  readonly connect: (to: Endpoint, options: ConnectionOptions) => ConnectionStream
  /**
   * How many things of it are alive: handles, bound ports, whatever can be counted. What a law opens has to go again.
   */
  readonly open: () => number
  /** More bytes than the system takes for a peer that does not read. Default 32 MiB. */
  readonly flood?: number
  /** Whether the peer of a `destroy()` sees a failure, even while it is paused. Default `true`. */
  readonly resets?: boolean
  /** Whether bytes of its own go over the wire beside those that are sent: headers of frames, a farewell. Default `false`. */
  readonly adds?: boolean
  /** The operator that the streams go through, to see what it does with events that it does not know. */
  readonly operator?: OperatorFunction<TypedEvent, TypedEvent>
}
