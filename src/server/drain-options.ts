import type { ConnectionOf, SentOf } from '../connection/event.js'
import { callback, count, delay, milliseconds, type Rules } from '../connection/options.js'

/** How a server is brought to its end. */
export interface DrainOptions<E> {
  /**
   * How long new connections are still taken after `ready` has turned `false`, in milliseconds: as long as a load
   * balancer needs to notice. Default 0.
   */
  readonly delay?: number
  /** The packet that tells a connection that it will have to go, if there is one to be said. */
  readonly announce?: (connection: NoInfer<ConnectionOf<E>>) => NoInfer<SentOf<E>> | undefined
  /** How many connections are asked to finish at a time, so that they do not all come back at once. Default 10 000. */
  readonly batch?: number
  /**
   * How long it is from one batch to the next at the most, in milliseconds; the least is half of it, at random. It is
   * less where all would take more than half of the deadline, or 30 000. Default 2 000.
   */
  readonly spread?: number
  /** How long all may take once nobody is let in any more, in milliseconds; what is left is aborted. Default 15 000. */
  readonly deadline?: number
  /** Where between half of `spread` and all of it a batch falls. Default `Math.random`. */
  readonly random?: () => number
}

/** How far a drain has come. Its last is the report. */
export type DrainProgress =
  | {
      /**
       * `delay`: only `ready` has changed. `announce`: nobody is let in any more, and batch by batch connections are
       * asked to finish. `finish`: all were asked. `abort`: what was left is destroyed.
       */
      readonly phase: 'delay' | 'announce' | 'finish' | 'abort'
      /** How many connections are open. */
      readonly remaining: number
    }
  | DrainReport

/** What has come of a drain. */
export interface DrainReport {
  /** Nothing follows. */
  readonly phase: 'done'
  /** What could not finish was destroyed. */
  readonly remaining: 0
  /** How many connections have closed in order. */
  readonly finished: number
  /** How many have not: they failed, or had to be destroyed. */
  readonly aborted: number
  /** Bytes that were taken for sending and that the system never got. */
  readonly bytesLost: number
}

export const drainRules: Rules<DrainOptions<unknown>> = {
  delay,
  announce: callback,
  batch: count,
  spread: delay,
  deadline: milliseconds,
  random: callback,
}
