import type { ById } from './by-id.js'
import type { InOrder } from './in-order.js'

/** How an answer is told from other packets, and to what it belongs: a value, made by `byId` or `inOrder`. */
export type Correlation<In, Out> = ById<In, Out> | InOrder<In>
