import { isIP } from 'node:net'
import { checkServerIdentity, connect, createSecureContext } from 'node:tls'
import { handlerError } from '../connection/errors.js'
import { credentialsOf } from './credentials.js'
import { HandshakeRun, handshakeEnded, type Handshake } from './handshake.js'
import type { TlsClientOptions } from './tls-options.js'

/**
 * The client's side of a handshake. Throws at once for credentials that are no good.
 *
 * @param host what was dialled: the server has to be that, unless the options name another
 */
export function clientHandshake(options: TlsClientOptions, host: string | undefined): Handshake {
  const { ALPNProtocols, rejectUnauthorized = true, session, servername = host } = options
  const { secureContext = createSecureContext(credentialsOf(options)) } = options
  const settings = {
    ...expected(servername),
    secureContext,
    rejectUnauthorized,
    checkServerIdentity: guarded(options.checkServerIdentity),
    ...(session !== undefined && { session }),
    ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
  }
  return (socket, kind, tell) => {
    const run = new HandshakeRun(socket, kind, tell)
    const secure = connect({ ...settings, socket })
    const fail = (error: Error): void => {
      run.fail(error)
    }
    const leave = (): void => {
      run.fail(handshakeEnded())
    }
    // Before Node's own listener, to which an end is a reset.
    secure.prependListener('end', leave).on('close', leave).on('error', fail)
    secure.once('secureConnect', () => {
      secure.off('end', leave).off('close', leave).off('error', fail)
      run.succeed(secure)
    })
    return () => {
      secure.destroy()
    }
  }
}

/** Whom the certificate has to name. RFC 6066 section 3: a server is asked for by its name, never by an address. */
function expected(name: string | undefined): { readonly host?: string; readonly servername?: string } {
  if (name === undefined) return {}
  return isIP(name) === 0 ? { servername: name } : { host: name }
}

/** Node calls it in the middle of OpenSSL's work, where nobody would catch what it throws. */
function guarded(check = checkServerIdentity): typeof checkServerIdentity {
  return (host, certificate) => {
    try {
      return check(host, certificate)
    } catch (thrown) {
      return handlerError('checkServerIdentity', thrown)
    }
  }
}
