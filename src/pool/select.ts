import { callback, checkOptions } from '../connection/options.js'
import type { MemberConnection } from './member.js'

/**
 * Chooses the connection for a packet among those that can be given one: never none of them, unless it wants to.
 *
 * @typeParam Out what is sent
 */
export type Select<in Out = never> = (
  connections: readonly MemberConnection<never, unknown>[],
  packet: Out,
) => MemberConnection<never, unknown> | undefined

/**
 * Each in its turn.
 *
 * @example
 * ```ts
 * pool(client, { size: 4, select: roundRobin() })
 * ```
 */
export function roundRobin(): Select<unknown> {
  let turn = -1
  return connections => {
    turn = (turn + 1) % connections.length
    return connections[turn]
  }
}

/**
 * The one with the fewest bytes that wait to be sent; among equals each in its turn.
 *
 * @example
 * ```ts
 * pool(client, { size: 4, select: leastBuffered() })
 * ```
 */
export function leastBuffered(): Select<unknown> {
  return least(({ bufferedAmount }) => bufferedAmount)
}

/**
 * The one with the fewest requests in flight; among equals each in its turn. Whoever asks has to count them in `inFlight`.
 *
 * @example
 * ```ts
 * pool(client, { size: 4, select: leastInFlight() })
 * ```
 */
export function leastInFlight(): Select<unknown> {
  return least(({ inFlight }) => inFlight)
}

/**
 * The less busy of two that are drawn: as good as the least busy of all where many clients see the same servers, since
 * they don't all run to the same one. The fewer requests in flight count, then the fewer bytes that wait.
 *
 * @param options `random`: numbers of at least 0 and less than 1. Default `Math.random`
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example
 * ```ts
 * pool(client, { size: 4, select: powerOfTwo() })
 * ```
 */
export function powerOfTwo(options: { readonly random?: () => number } = {}): Select<unknown> {
  checkOptions('powerOfTwo', options, { random: callback })
  const { random = Math.random } = options
  const draw = (below: number): number => Math.floor(random() * below)
  return connections => {
    const first = draw(connections.length)
    // Among the others, so that the two are never the same.
    const second = (first + 1 + draw(connections.length - 1)) % connections.length
    const [one, other] = [connections[first], connections[second]]
    return one === undefined || other === undefined || !busier(one, other) ? one : other
  }
}

function least(measure: (connection: MemberConnection<never, unknown>) => number): Select<unknown> {
  let turn = -1
  return connections => {
    turn = (turn + 1) % connections.length
    let best = connections[turn]
    for (let step = 1; step < connections.length; step += 1) {
      const other = connections[(turn + step) % connections.length]
      if (best !== undefined && other !== undefined && measure(other) < measure(best)) best = other
    }
    return best
  }
}

type Busy = Pick<MemberConnection<never, unknown>, 'inFlight' | 'bufferedAmount'>

function busier(one: Busy, other: Busy): boolean {
  return one.inFlight === other.inFlight ? one.bufferedAmount > other.bufferedAmount : one.inFlight > other.inFlight
}
