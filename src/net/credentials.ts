import { credentialRules, only, type Credentials, type ServerCredentials } from './tls-options.js'

/** Who we are, which goes together: a key is of no use without its own certificate. */
const identity: readonly string[] = ['cert', 'key', 'passphrase', 'pfx'] satisfies (keyof Credentials)[]

/** What a secure context is made of, of all the options. */
export function credentialsOf(options: Credentials): Credentials {
  return only(credentialRules, options)
}

/** Completes credentials by those that they stand beside, or replace: what they don't say themselves stays as it is there. */
export function inheriting(own: ServerCredentials, from: ServerCredentials): ServerCredentials {
  const said = Object.entries(own).filter(([, value]) => value !== undefined)
  const isNamed = said.some(([name]) => identity.includes(name))
  const inherited = Object.entries(from).filter(([name]) => !(isNamed && identity.includes(name)))
  return Object.fromEntries([...inherited, ...said])
}
