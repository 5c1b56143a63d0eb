/**
 * Where members connect to: a host and port, a port alone, the path of a Unix socket, or a name of your own. Two that say the same
 * are the same endpoint.
 */
export type PoolEndpoint =
  | string
  | number
  | { readonly host: string; readonly port: number }
  | { readonly address: string; readonly port?: number }
  | { readonly path: string }

/** An endpoint in words, as it stands in the ids of its members. */
export function nameOf(endpoint: unknown): string {
  if (typeof endpoint === 'string' || typeof endpoint === 'number') return String(endpoint)
  if (typeof endpoint !== 'object' || endpoint === null) return ''
  const { host, address, port, path } = endpoint as Readonly<Record<string, string | number | undefined>>
  const place = host ?? address ?? path ?? ''
  return port === undefined ? String(place) : `${bracketed(String(place))}:${port}`
}

/** Colons of an IPv6 address are none before a port. */
function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
