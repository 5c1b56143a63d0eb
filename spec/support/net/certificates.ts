import { X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'

export interface Credentials {
  readonly cert: string
  readonly key: string
}

/** Made anew in each run, so that none can expire in the repository. */
const authority = await selfSigned('Sluice Test Authority', true)

/** The certificate to trust. */
export const ca = authority.cert

/** Known by `localhost` and `127.0.0.1`. */
export const server = await issued('localhost', ['localhost', '127.0.0.1'])
/** The same names, another certificate. */
export const renewedServer = await issued('localhost', ['localhost', '127.0.0.1'])
export const wildcard = await issued('*.example.org', ['*.example.org'])
export const exact = await issued('exact.example.org', ['exact.example.org'])
export const client = await issued('Ada', ['ada.example.org'])
/** Was good until last year. */
export const expired = await issued(
  'localhost',
  ['localhost', '127.0.0.1'],
  new Date(Date.now() - 366 * 24 * 3_600_000),
)
/** Vouched for by nobody. */
export const stranger = await selfSigned('localhost', false)

export function fingerprint({ cert }: Credentials): string {
  return new X509Certificate(cert).fingerprint256
}

async function issued(name: string, names: readonly string[], until?: Date): Promise<Credentials> {
  return made(name, names, authority, false, until)
}

async function selfSigned(name: string, isAuthority: boolean): Promise<Credentials> {
  return made(name, ['localhost', '127.0.0.1'], undefined, isAuthority)
}

async function made(
  name: string,
  names: readonly string[],
  by?: Credentials,
  isAuthority = false,
  until?: Date,
): Promise<Credentials> {
  const pems = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: isAuthority },
      { name: 'subjectAltName', altNames: names.map(alternative) },
    ],
    ...(until !== undefined && { notBeforeDate: new Date(until.getTime() - 1_000), notAfterDate: until }),
    ...(by !== undefined && { ca: { cert: by.cert, key: by.key } }),
  })
  return { cert: pems.cert, key: pems.private }
}

function alternative(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }
}
