import type { Duplex } from 'node:stream'
import type { Observable } from 'rxjs'
import {
  heartbeat,
  packets,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type TlsSession,
  type Transport,
} from 'sluice'
import { framed, lines, raw } from 'sluice/framing'
import {
  fromDuplex,
  tcp,
  tls,
  toDuplex,
  upgrade,
  type Credentials,
  type PathPlace,
  type PathTarget,
  type ServerCredentials,
  type TcpPlace,
  type TcpTarget,
  type TlsPlace,
  type TlsTarget,
  type UpgradeOptions,
} from 'sluice/net'
import { expectType } from '../support/types.js'

declare const port: number
declare const host: string
declare const path: string
declare const secret: Buffer
declare const renewed: Observable<ServerCredentials>
declare const duplex: Duplex
declare const connection: Connection
declare const wordy: Connection<string>

// Both transports are streams of events of bytes, dialling and listening.
expectType<Transport<TcpTarget | PathTarget, TcpPlace | PathPlace>>()(tcp)
expectType<Transport<TlsTarget, TlsPlace>>()(tls)
expectType<ConnectionStream>()(tcp.connect({ port, host }))
expectType<ConnectionStream>()(tls.listen({ port, key: secret, cert: secret }))
expectType<Observable<Uint8Array>>()(tcp.listen({ path, mode: 0o600 }).pipe(packets()))
expectType<Observable<string>>()(tls.connect({ path, ca: [secret, 'PEM'] }).pipe(framed(lines()), packets()))

// A port or a path, each with its own options.
// @ts-expect-error nothing to dial
void tcp.connect({ host })
// @ts-expect-error only a listening path has a mode
void tcp.connect({ path, mode: 0o600 })
// @ts-expect-error no such option
void tcp.connect({ port, timeout: 5 })
// @ts-expect-error a family is 4, 6 or 0
void tcp.connect({ port, family: 5 })

// Each side of TLS has its own options.
void tls.connect({
  port,
  servername: host,
  ALPNProtocols: ['a', 'b'] as const,
  session: secret,
  rejectUnauthorized: true,
})
void tls.listen({ port, sni: { 'example.org': { key: secret, cert: secret } }, requestCert: true, renewed })
// @ts-expect-error a client has no names of its own
void tls.connect({ port, sni: {} })
// @ts-expect-error a server expects nobody
void tls.listen({ port, servername: host })
// @ts-expect-error a server has an Observable of credentials, not a list
void tls.listen({ port, renewed: [{ key: secret }] })
declare const named: NonNullable<ServerCredentials['sni']>
expectType<Readonly<Record<string, Credentials>>>()(named)

// An upgrade takes any connection, also one behind `framed`, and answers what was settled.
expectType<Observable<TlsSession>>()(upgrade(connection, { role: 'client', servername: host }))
expectType<Observable<TlsSession>>()(upgrade(wordy, { role: 'server', key: secret, cert: secret }))
// @ts-expect-error one has to say which side one is
void upgrade(connection, { key: secret, cert: secret })
// @ts-expect-error a client does not ask for a certificate
void upgrade(connection, { role: 'client', requestCert: true })
// @ts-expect-error the port is connected already
void upgrade(connection, { role: 'client', port })
declare const either: UpgradeOptions
if (either.role === 'server') expectType<ServerCredentials['sni']>()(either.sni)

// What was settled is known of every connection, and of none for sure.
expectType<TlsSession | undefined>()(wordy.tls)

// A duplex becomes a stream when it is subscribed to, and back.
expectType<ConnectionStream>()(fromDuplex(() => duplex, { halfOpen: true }))
expectType<Duplex>()(toDuplex(tcp.connect({ port })))
expectType<Duplex>()(toDuplex(tcp.connect({ port }).pipe(framed(raw()), heartbeat({ ping: () => new Uint8Array(1) }))))
// @ts-expect-error a function makes the duplex, one for each subscription
void fromDuplex(duplex)
// @ts-expect-error a duplex is of bytes
void toDuplex(tcp.connect({ port }).pipe(framed(lines())))
declare const event: ConnectionEvent
if (event.type === 'listening') expectType<number | undefined>()(event.listener.endpoint.port)
