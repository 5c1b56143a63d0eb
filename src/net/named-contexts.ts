import { createSecureContext, type SecureContext } from 'node:tls'
import { credentialsOf, inheriting } from './credentials.js'
import type { ServerCredentials } from './tls-options.js'

/** A server's credentials by the names that it is asked for (SNI). */
export class NamedContexts {
  readonly #exact = new Map<string, SecureContext>()
  /** By what stands behind the first label. RFC 6125 section 6.4.3: a wildcard is the whole of that label. */
  readonly #wild = new Map<string, SecureContext>()

  constructor({ sni = {}, ...shared }: ServerCredentials) {
    for (const [name, own] of Object.entries(sni)) {
      const context = createSecureContext(credentialsOf(inheriting(own, shared)))
      if (name.startsWith('*.')) this.#wild.set(name.slice(2).toLowerCase(), context)
      else this.#exact.set(name.toLowerCase(), context)
    }
  }

  /** An exact name goes before a wildcard, in whatever order they were given. */
  get(asked: string): SecureContext | undefined {
    const name = asked.toLowerCase()
    const [, domain = ''] = /^[^.]+\.(.+)$/.exec(name) ?? []
    return this.#exact.get(name) ?? this.#wild.get(domain)
  }
}
