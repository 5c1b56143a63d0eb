import { callback, checkOptions, within } from '../connection/options.js'
import type { AnswerRules } from './answer-rules.js'

/** Where the id of a request is in its packets. */
export interface ByIdRules<In, Out> extends AnswerRules<In> {
  /** Answers the packet with the id in it; how a request gets its number, and a reply that of its request. */
  readonly put: (packet: Out, id: number) => Out
  /** The id in a packet that arrives, or `undefined` for one that has to do with no request. */
  readonly get: (packet: In) => number | undefined
  /** What tells the peer that a request is not waited for any more, where the protocol can. */
  readonly cancel?: (id: number) => Out
  /** The id of the request that this packet cancels: for `respond`. */
  readonly cancels?: (packet: In) => number | undefined
  /** The largest id that fits into the packet. Default 4 294 967 295. */
  readonly maxId?: number
}

/** A correlation by id. */
export interface ById<In, Out> extends ByIdRules<In, Out> {
  /** What `requests` and `respond` tell it apart by. */
  readonly kind: 'by id'
}

export const MAX_ID = 2 ** 32 - 1

/**
 * The correlation of protocols whose packets carry the id of their request, so that answers may come in any order.
 *
 * Ids are counted from 1, anew on each connection. One that was given up (cancelled, or past its deadline) is not used
 * again on that connection until its late answer has come; when the numbers begin anew they skip all those. The latest
 * 65 536 that were given up are remembered, and of a small `maxId` half of all.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Over JSON
 * ```ts
 * const numbered = byId<Call>({ put: (call, id) => ({ ...call, id }), get: ({ id }) => id })
 * const calls = requests(tcp.connect({ port: 4000 }).pipe(framed(ndjson<Call>())), numbered)
 * calls.ask({ method: 'time' }).subscribe(({ result }) => console.log(result))
 * ```
 */
export function byId<In, Out = In>(rules: ByIdRules<In, Out>): ById<In, Out> {
  checkOptions(
    'byId',
    rules,
    {
      put: callback,
      get: callback,
      cancel: callback,
      cancels: callback,
      last: callback,
      failed: callback,
      maxId: within(1, MAX_ID),
    },
    ['put', 'get'],
  )
  return { ...rules, kind: 'by id' }
}
