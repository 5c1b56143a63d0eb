import { SluiceError } from '../connection/errors.js'
import type { CloseReason } from '../connection/event.js'
import type { Verdict } from './verdict.js'

/**
 * What follows a WebSocket's close with a code (RFC 6455 section 7.4, the registry that it has founded, and by custom 4401 and 4403).
 * What is not here is dialled again.
 */
export const byCode: ReadonlyMap<unknown, Verdict> = new Map([
  [1000, 'retry'], // done; but who wants a client for life has not said so
  [1001, 'retry'], // going away
  [1002, 'stop'], // protocol error
  [1003, 'stop'], // data of a kind that is not accepted
  [1004, 'retry'], // reserved
  [1005, 'retry'], // a Close frame without a code
  [1006, 'retry'], // no Close frame
  [1007, 'stop'], // data that is not what it claims to be
  [1008, 'stop'], // against the policy
  [1009, 'slow'], // too long; what is sent next time may be shorter
  [1010, 'stop'], // an extension is missing
  [1011, 'retry'], // the server failed
  [1012, 'retry'], // restarting
  [1013, 'slow'], // overburdened
  [1014, 'retry'], // a bad gateway
  [1015, 'slow'], // TLS failed
  [4401, 'stop'], // unauthorized
  [4403, 'stop'], // forbidden
])

/** As much of a `close` as is looked at. */
interface Closed {
  readonly reason: CloseReason
  readonly code?: number
}

/**
 * Makes a `classify` for `reconnect` out of a table from a WebSocket's close codes to what follows: what differs from the usual, or is an
 * application's own.
 *
 * What is not in it, and what we have closed ourselves, is judged as usual.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example A server that says 1000 is done with us, and 4000 that we are too old
 * ```ts
 * webSocket.connect('wss://example.org/feed').pipe(
 *   text(),
 *   reconnect(exponential(), { classify: byCloseCode({ 1000: 'stop', 4000: 'stop', 4008: 'slow' }) }),
 * )
 * ```
 */
export function byCloseCode(
  table: Readonly<Record<number, Verdict>>,
): (error: unknown, close: Closed | undefined) => Verdict | undefined {
  const verdicts = checked(table)
  return (_, close) => {
    if (close === undefined || close.reason === 'local' || close.reason === 'shutdown') return undefined
    return close.code === undefined ? undefined : verdicts.get(close.code)
  }
}

function checked(table: Readonly<Record<number, Verdict>>): ReadonlyMap<number, Verdict> {
  const verdicts = new Map<number, Verdict>()
  const faults: string[] = []
  for (const [key, verdict] of Object.entries(table)) {
    const code = Number(key)
    if (!Number.isInteger(code) || code < 1000 || code > 4999) faults.push(`${key} is no close code`)
    else if (!['retry', 'slow', 'stop'].includes(verdict)) faults.push(`${key} must be retry, slow or stop`)
    else verdicts.set(code, verdict)
  }
  if (faults.length > 0) throw new SluiceError('ERR_OPTIONS', `byCloseCode: ${faults.join('; ')}`)
  return verdicts
}
