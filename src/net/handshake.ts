import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import { asError } from '../connection/errors.js'
import type { Credentials, ServerCredentials, TlsClientOptions, TlsServerOptions } from './tls-options.js'

/** How a handshake has ended: with a secure socket, or with what went wrong. */
export type Outcome = (result: { readonly secure: TLSSocket } | { readonly error: Error }) => void

/** Node wants a deadline of its own; ours is the one that counts. */
const NO_TIMEOUT = 2 ** 31 - 1

/** Makes the client's side of a TLS connection over a connected socket. */
export function handshakeAsClient(
  socket: Duplex,
  host: string | undefined,
  options: TlsClientOptions,
  outcome: Outcome,
): void {
  const { ALPNProtocols, handshakeTimeout: _, ...rest } = options
  const settle = untilSettled(socket, outcome)
  let secure: TLSSocket
  try {
    secure = connect({
      ...rest,
      socket,
      ...(host !== undefined && { host }),
      ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
    })
  } catch (thrown) {
    settle({ error: asError(thrown) })
    return
  }
  secure.once('secureConnect', () => {
    secure.off('error', failed)
    settle({ secure })
  })
  secure.once('error', failed)
  function failed(error: Error): void {
    settle({ error })
  }
}

/**
 * Makes the server's side of TLS connections, with credentials that can be renewed in between.
 *
 * Node verifies a client's certificate only in a `tls.Server`: so there is one, which listens to nothing and is handed the sockets. It
 * tells which of them is secure through its own events; each handshake therefore runs on a view of the server with an `emit` of its own.
 */
export class ServerHandshakes {
  readonly #server: Server
  #named: readonly (readonly [RegExp, SecureContext])[] = []

  constructor(options: TlsServerOptions) {
    const {
      ALPNProtocols,
      requestCert = false,
      rejectUnauthorized = true,
      ticketKeys,
      sessionTimeout,
      ...credentials
    } = options
    this.#server = createServer({
      ...contextOptions(credentials),
      requestCert,
      rejectUnauthorized,
      handshakeTimeout: NO_TIMEOUT,
      SNICallback: (name, tell) => {
        tell(null, this.#named.find(([pattern]) => pattern.test(name))?.[1])
      },
      ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
      ...(ticketKeys !== undefined && { ticketKeys }),
      ...(sessionTimeout !== undefined && { sessionTimeout }),
    })
    this.#named = namedContexts(credentials.sni)
  }

  /** Uses other credentials from the next handshake on. Throws for those that are no good, and keeps what it has. */
  renew(credentials: ServerCredentials): void {
    const options = contextOptions(credentials)
    createSecureContext(options)
    this.#named = namedContexts(credentials.sni)
    this.#server.setSecureContext(options)
  }

  start(socket: Duplex, outcome: Outcome): void {
    const settle = untilSettled(socket, outcome)
    const emit = (event: string, ...told: unknown[]): boolean => {
      if (event === 'secureConnection') settle({ secure: told[0] as TLSSocket })
      else if (event === 'tlsClientError') settle({ error: refusal(told[1] as TLSSocket) ?? (told[0] as Error) })
      else return this.#server.emit(event, ...told)
      return true
    }
    const view = Object.create(this.#server, { emit: { value: emit } }) as Server
    EventEmitter.prototype.emit.call(view, 'connection', socket)
  }
}

/** OpenSSL's word for what is wrong with the peer's certificate: a string, whatever Node's types say. */
export function authorizationError(socket: TLSSocket): string | undefined {
  const { authorizationError: error } = socket as { readonly authorizationError: unknown }
  return typeof error === 'string' ? error : undefined
}

function contextOptions({ sni: _, ...credentials }: ServerCredentials): Credentials {
  return credentials
}

function namedContexts(sni: Readonly<Record<string, Credentials>> = {}): (readonly [RegExp, SecureContext])[] {
  return Object.entries(sni).map(([name, credentials]) => [pattern(name), createSecureContext(credentials)])
}

/** RFC 6125 §6.4.3: a wildcard is the whole left-most label. */
function pattern(name: string): RegExp {
  const literal = name.replace(/^\*\./, '').replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(name.startsWith('*.') ? String.raw`^[^.]+\.${literal}$` : `^${literal}$`, 'i')
}

/** Node closes on a client whose certificate it refuses and says only that the connection is gone. */
function refusal(socket: TLSSocket): Error | undefined {
  const code = authorizationError(socket)
  return code === undefined
    ? undefined
    : Object.assign(new Error(`the client's certificate was refused: ${code}`), { code })
}

/** Passes on the first result. Half-open comes after the handshake: during it, a peer that ends is one that has left. */
function untilSettled(socket: Duplex, outcome: Outcome): Outcome {
  let settled = false
  socket.allowHalfOpen = false
  return result => {
    if (settled) return
    settled = true
    if ('secure' in result) socket.allowHalfOpen = result.secure.allowHalfOpen = true
    outcome(result)
  }
}
