import { isObservable, type Observable } from 'rxjs'
import { callback, checkOptions, finiteCount, type Rule, type Rules } from '../connection/options.js'
import type { PoolEndpoint } from './endpoints.js'
import { leaseRules, type LeaseOptions } from './lease-options.js'
import type { Select } from './select.js'

/** What a pool may be told. */
export interface PoolOptions<in Out = never> extends LeaseOptions {
  /** How many members there are at each endpoint. */
  readonly size: number
  /** How `send` chooses. Default `roundRobin()`. */
  readonly select?: Select<Out>
}

/** Where the members of a pool connect to. */
export interface EndpointOptions<out At extends PoolEndpoint> {
  /**
   * The endpoints, or an Observable of all that there are now: members come to those that are new and go from those
   * that are missing. One that goes is drained: it is given nothing more, and is closed when nothing is in
   * flight and nobody has leased it, however long that takes.
   */
  readonly endpoints: readonly At[] | Observable<readonly At[]>
}

const list: Rule = value => (Array.isArray(value) ? undefined : 'must be a list')

const listOrMore: Rule = value =>
  Array.isArray(value) || isObservable(value) ? undefined : 'must be a list, or an Observable of lists'

export const poolRules: Rules<PoolOptions> = {
  size: finiteCount,
  select: callback,
  ...leaseRules,
}

export const endpointRules: Rules<EndpointOptions<never>> = { endpoints: listOrMore }

/**
 * Checks what an Observable of endpoints emits.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 */
export function checkList(endpoints: readonly unknown[]): void {
  checkOptions('pool', { endpoints }, { endpoints: list }, ['endpoints'])
}
