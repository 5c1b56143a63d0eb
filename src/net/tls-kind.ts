import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Certificate, TLSSocket } from 'node:tls'
import type { PeerIdentity, TlsSession } from '../connection/connection.js'
import { pauseStream, type SocketKind } from './socket-kind.js'

/** A secure socket over `inner`, which keeps the addresses and knows how to abort. */
export function tlsKind(secure: TLSSocket, inner: Duplex, innerKind: SocketKind): SocketKind {
  const session = sessionOf(secure)
  return {
    local: () => innerKind.local(inner),
    remote: () => innerKind.remote(inner),
    tls: () => session,
    keeps: false,
    pending: () => undefined,
    pause: pauseStream,
    abort() {
      // Not by a reset of what is beneath: Node crashes where that is closed under a TLS socket which has something to write.
      secure.destroy()
    },
  }
}

/** OpenSSL's word for what is wrong with the peer's certificate: a string, whatever Node's types say. */
export function authorizationError(socket: TLSSocket): string | undefined {
  const { authorizationError: error } = socket as { readonly authorizationError: unknown }
  return typeof error === 'string' ? error : undefined
}

function sessionOf(secure: TLSSocket): TlsSession {
  const certificate = secure.getPeerX509Certificate()
  const { servername } = secure as { readonly servername?: string | false | null }
  let peer: PeerIdentity | undefined
  return {
    protocol: secure.getProtocol() ?? 'unknown',
    cipher: secure.getCipher().name,
    alpn: secure.alpnProtocol === false || secure.alpnProtocol === null ? undefined : secure.alpnProtocol,
    serverName: typeof servername === 'string' && servername !== '' ? servername : undefined,
    authorized: secure.authorized,
    authorizationError: authorizationError(secure),
    get peer() {
      return certificate === undefined ? undefined : (peer ??= identityOf(certificate))
    },
  }
}

function identityOf(certificate: X509Certificate): PeerIdentity {
  const { subject, issuer } = certificate.toLegacyObject()
  return {
    subject: namesOf(subject),
    issuer: namesOf(issuer),
    subjectAltName: certificate.subjectAltName,
    fingerprint256: certificate.fingerprint256,
    serialNumber: certificate.serialNumber,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    raw: certificate.raw,
  }
}

function namesOf(certificate: Certificate): PeerIdentity['subject'] {
  return Object.fromEntries(
    Object.entries(certificate).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
