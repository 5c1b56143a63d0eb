import { callback, checkOptions } from '../connection/options.js'
import type { AnswerRules } from './answer-rules.js'

/** What is an answer in a protocol without ids. */
export interface InOrderRules<In> extends AnswerRules<In> {
  /** Whether a packet is an answer, and not something that the peer says of its own accord. Default: each is. */
  readonly isAnswer?: (packet: In) => boolean
}

/** A correlation by order. */
export interface InOrder<In> extends InOrderRules<In> {
  /** What `requests` and `respond` tell it apart by. */
  readonly kind: 'in order'
}

/**
 * The correlation of protocols that answer strictly in order, as Redis does, and HTTP/1.1 when it is pipelined.
 *
 * A request that was given up (cancelled, or past its deadline) keeps its place, and swallows its answer when that
 * comes. So all that is sent on such a connection and will be answered has to be asked: an answer to anything else
 * would be taken for that of another.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Lines, each answered by a line
 * ```ts
 * const lookup = requests(tcp.connect({ port: 4000 }).pipe(framed(lines())), inOrder())
 * lookup.ask('colour of the sky').subscribe(console.log)
 * ```
 */
export function inOrder<In = unknown>(rules: InOrderRules<In> = {}): InOrder<In> {
  checkOptions('inOrder', rules, { isAnswer: callback, last: callback, failed: callback })
  return { ...rules, kind: 'in order' }
}
