import type { Rule } from '../connection/options.js'
import type { ById } from './by-id.js'
import type { InOrder } from './in-order.js'

/** How an answer is told from other packets, and to what it belongs: a value, made by `byId` or `inOrder`. */
export type Correlation<In, Out> = ById<In, Out> | InOrder<In>

export const correlationRule: Rule = value => {
  const { kind } = Object(value) as Readonly<Record<string, unknown>>
  return kind === 'by id' || kind === 'in order' ? undefined : 'must be one that byId or inOrder makes'
}
