import type { IncomingMessage } from 'node:http'

/** Whether the page of a browser that asks, if one does, is among those that may. */
export function isWelcome({ headers }: IncomingMessage, origins: 'any' | 'same' | readonly string[] = 'same'): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins === 'any') return true
  if (origins === 'same') return isSame(origin, host)
  return origins.some(other => other.toLowerCase() === origin.toLowerCase())
}

/** `Host` leaves out the port that goes without saying, and so does `Origin`: by the scheme of the latter. */
function isSame(origin: string, host = ''): boolean {
  try {
    const { protocol, host: from } = new URL(origin)
    return from !== '' && from === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}
