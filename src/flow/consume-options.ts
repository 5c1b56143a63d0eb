import { boolean, finiteCount, type Rules } from '../connection/options.js'

/** How `consume` handles the packets of each connection. */
export interface ConsumeOptions {
  /**
   * How many packets of a connection are handled at once; where results keep their order, those included that are done
   * and wait for their turn. Default 1. There has to be a bound, so `Infinity` is refused: what is handled is memory, too.
   */
  readonly concurrency?: number
  /**
   * How many packets of a connection may wait before it is held, with what operators tell in the place of some; at half of them it is let
   * go. Default 16.
   */
  readonly prefetch?: number
  /**
   * Whether results come in the order of their packets. Default `true`: then what a packet gives before its turn is
   * kept, of at most `concurrency` packets, and of each at most 1 024 results: one more destroys the connection with
   * `ERR_RESULT_OVERFLOW`.
   */
  readonly ordered?: boolean
}

export const consumeRules: Rules<ConsumeOptions> = { concurrency: finiteCount, prefetch: finiteCount, ordered: boolean }
