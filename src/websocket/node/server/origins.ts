import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'

/** Whether the page of a browser that asks, if one does, is among those that may. */
export function isWelcome(
  { headers, socket }: IncomingMessage,
  origins: 'any' | 'same' | readonly string[] = 'same',
): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins === 'any') return true
  if (origins === 'same') return isSame(origin, host, socket instanceof TLSSocket)
  return origins.some(other => other.toLowerCase() === origin.toLowerCase())
}

/**
 * `Host` leaves out the port that goes without saying, and so does `Origin`: by the scheme of the latter, as before us there may be a proxy
 * that speaks TLS for us. Where we speak it ourselves, a page that came in clear, which anyone on its way may have written, is another's.
 */
function isSame(origin: string, host: string | undefined, isSecure: boolean): boolean {
  try {
    const { protocol, host: from } = new URL(origin)
    if (isSecure && protocol === 'http:') return false
    return from !== '' && from === new URL(`${protocol}//${host ?? ''}`).host
  } catch {
    return false
  }
}
