import { EventEmitter } from 'node:events'
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls'
import { credentialsOf, inheriting } from './credentials.js'
import { HandshakeRun, handshakeEnded, type Handshake } from './handshake.js'
import { NamedContexts } from './named-contexts.js'
import { authorizationError } from './tls-kind.js'
import type { ServerCredentials, TlsServerOptions } from './tls-options.js'

/** Node wants a deadline of its own; ours is the one that counts. */
const NO_TIMEOUT = 2 ** 31 - 1

/**
 * The server's side of handshakes, with credentials that can be renewed in between. Throws at once for those that are no good.
 *
 * Node verifies a client's certificate only in a `tls.Server`: so there is one, which listens to nothing and is handed the sockets. It
 * tells which of them is secure through its own events; each handshake therefore runs on a view of the server with an `emit` of its own.
 */
export class ServerHandshakes {
  readonly #server: Server
  #credentials: ServerCredentials
  #named: NamedContexts

  constructor(options: TlsServerOptions) {
    const { ALPNProtocols, requestCert = false, rejectUnauthorized = true, ticketKeys, sessionTimeout } = options
    this.#credentials = { ...credentialsOf(options), ...(options.sni !== undefined && { sni: options.sni }) }
    this.#named = new NamedContexts(this.#credentials)
    this.#server = createServer({
      ...credentialsOf(options),
      requestCert,
      rejectUnauthorized,
      handshakeTimeout: NO_TIMEOUT,
      SNICallback: (name, tell) => {
        tell(null, this.#named.get(name))
      },
      ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
      ...(ticketKeys !== undefined && { ticketKeys }),
      ...(sessionTimeout !== undefined && { sessionTimeout }),
    })
  }

  /** Uses other credentials from the next handshake on. Throws for those that are no good, and keeps what it has. */
  renew(renewed: ServerCredentials): void {
    const credentials = inheriting(renewed, this.#credentials)
    createSecureContext(credentialsOf(credentials))
    this.#named = new NamedContexts(credentials)
    this.#credentials = credentials
    this.#server.setSecureContext(credentialsOf(credentials))
  }

  readonly start: Handshake = (socket, kind, tell) => {
    const run = new HandshakeRun(socket, kind, tell)
    const emit = (event: string, ...told: unknown[]): boolean => {
      if (event === 'secureConnection') run.succeed(told[0] as TLSSocket)
      else if (event === 'tlsClientError') run.fail(failure(told[0] as NodeJS.ErrnoException, told[1] as TLSSocket))
      else return this.#server.emit(event, ...told)
      return true
    }
    const view = Object.create(this.#server, { emit: { value: emit } }) as Server
    EventEmitter.prototype.emit.call(view, 'connection', socket)
    return () => {
      socket.destroy()
    }
  }
}

/** Node closes on a client whose certificate it refuses, and tells that, as of one who has left, as a reset of no system's. */
function failure(error: NodeJS.ErrnoException, socket: TLSSocket): Error {
  if (error.code !== 'ECONNRESET' || error.syscall !== undefined) return error
  const code = authorizationError(socket)
  if (code === undefined) return handshakeEnded()
  return Object.assign(new Error(`the client's certificate was refused: ${code}`), { code })
}
