import type { OperatorFunction } from 'rxjs'
import type { Endpoint } from '../../connection/connection.js'
import type { ConnectionOptions } from '../../connection/connection-options.js'
import type { ConnectionStream, TypedEvent } from '../../connection/event.js'
import { Scene } from './scene.js'

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
  /** Whether the peer of a `destroy()` sees a failure. Default `true`. */
  readonly resets?: boolean
  /** The operator that the streams go through, to see what it does with events that it does not know. */
  readonly operator?: OperatorFunction<TypedEvent, TypedEvent>
}

/** One case of one of the thirteen laws. */
export interface Law {
  /** Which law, 1 to 13. */
  readonly law: number
  /** What has to be so, in a sentence. */
  readonly name: string
  /**
   * Resolves if it is so and rejects with what is wrong. It waits for events and knows no time: the test runner has to
   * bound it, generously.
   */
  readonly run: (candidate: Candidate) => Promise<void>
}

/** The cases of one law, by what has to be so. */
export function casesOf(law: number, cases: Readonly<Record<string, (scene: Scene) => Promise<void>>>): readonly Law[] {
  return Object.entries(cases).map(([name, play]) => ({
    law,
    name,
    async run(candidate) {
      const scene = new Scene(candidate)
      try {
        await play(scene)
        await scene.clear()
      } finally {
        scene.leave()
      }
    },
  }))
}
