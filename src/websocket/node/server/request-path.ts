import type { IncomingMessage } from 'node:http'

/** The path that a request is for, without the query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = (url.startsWith('/') ? url : withoutAuthority(url)).split('?')
  return path
}

/** RFC 9112 section 3.2.2: a request may name the whole URL. */
function withoutAuthority(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '')
}

export function isFor(request: IncomingMessage, pathname: string | undefined): boolean {
  return pathname === undefined || pathOf(request) === pathname
}
