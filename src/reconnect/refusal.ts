import type { Verdict } from './verdict.js'

/** What follows an HTTP answer that was not the hoped-for one, by its status. What is not here is dialled again. */
const byStatus: ReadonlyMap<unknown, Verdict> = new Map([
  [401, 'stop'], // unauthorized
  [403, 'stop'], // forbidden
  [404, 'stop'], // nothing is there
  [410, 'stop'], // nothing is there any more
  [426, 'stop'], // another protocol is wanted
  [429, 'slow'], // too many requests
  [503, 'slow'], // overburdened, or down for a while
])

/** As much of the error of a refused WebSocket as is looked at. */
interface Refusal {
  readonly code: 'ERR_HANDSHAKE_REFUSED'
  readonly status?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
}

export function verdictOnRefusal(error: unknown): Verdict | undefined {
  return isRefusal(error) ? byStatus.get(error.status) : undefined
}

/** In how many milliseconds a server that refused will have us back at the earliest (`Retry-After`), if it said so. */
export function retryAfter(error: unknown, now: number): number | undefined {
  const said = isRefusal(error) ? error.headers?.['retry-after'] : undefined
  if (typeof said !== 'string') return undefined
  const delay = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - now
  return Number.isNaN(delay) ? undefined : Math.max(0, delay)
}

function isRefusal(error: unknown): error is Refusal {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_HANDSHAKE_REFUSED'
}
