import { generate } from 'selfsigned'

interface Credentials {
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
/** Vouched for by nobody. */
export const stranger = await selfSigned('localhost', false)

async function issued(name: string, names: readonly string[]): Promise<Credentials> {
  return made(name, names, authority)
}

async function selfSigned(name: string, isAuthority: boolean): Promise<Credentials> {
  return made(name, ['localhost', '127.0.0.1'], undefined, isAuthority)
}

async function made(
  name: string,
  names: readonly string[],
  by?: Credentials,
  isAuthority = false,
): Promise<Credentials> {
  const pems = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: isAuthority },
      { name: 'subjectAltName', altNames: names.map(alternative) },
    ],
    ...(by !== undefined && { ca: { cert: by.cert, key: by.key } }),
  })
  return { cert: pems.cert, key: pems.private }
}

function alternative(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }
}
