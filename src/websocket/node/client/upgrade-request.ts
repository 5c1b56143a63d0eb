import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Duplex } from 'node:stream'
import { SluiceError } from '../../../connection/errors.js'
import { handshakeEnded } from '../../../net/handshake.js'
import type { HandshakeRefusedError } from '../../handshake-refused-error.js'
import type { Address } from './address.js'
import { agreed, offered } from '../handshake/deflate-offer.js'
import { acceptOf, newKey } from '../handshake/handshake-key.js'
import { lists } from '../handshake/header-list.js'
import { deflateOf } from '../message-options.js'
import { RefusedAnswer } from './refused-answer.js'
import type { DeflateSettings } from '../protocol/wire-settings.js'
import type { WebSocketTarget } from './web-socket-target.js'

/** What two ends have agreed upon. */
export interface Agreement {
  readonly protocol: string
  readonly deflate: DeflateSettings | undefined
}

/** Who is told what became of a request. */
export interface UpgradeListener {
  /** @param head what has come behind the answer */
  upgraded(socket: Duplex, head: Buffer, agreement: Agreement): void
  failed(error: Error): void
}

/** The client's half of the opening handshake (RFC 6455 section 4.1), with HTTP as Node speaks it. */
export class UpgradeRequest {
  readonly #to: WebSocketTarget
  readonly #listener: UpgradeListener
  readonly #key = newKey()
  readonly request: ClientRequest
  #answer: RefusedAnswer | undefined

  /** @param through how it gets its socket */
  constructor(to: WebSocketTarget, address: Address, through: RequestOptions, listener: UpgradeListener) {
    this.#to = to
    this.#listener = listener
    const request = address.secure ? requestSecure : requestPlain
    this.request = request({ ...through, path: address.path, headers: this.#headers(address) })
    this.request
      .on('upgrade', (response, socket, head) => {
        this.#accept(response, socket, head)
      })
      .on('response', response => {
        if (response.statusCode === 101) listener.failed(notUpgraded())
        else this.#answer = new RefusedAnswer(response, refusal => listener.failed(refusal))
      })
      .on('information', ({ statusCode }) => {
        if (statusCode === 101) listener.failed(notUpgraded())
      })
      .on('error', error => {
        listener.failed(failure(error))
      })
    this.request.end()
  }

  abort(): void {
    this.request.destroy()
  }

  /** What was answered in place of an upgrade, as far as it has come. */
  get refusal(): HandshakeRefusedError | undefined {
    return this.#answer?.error
  }

  #headers({ authority, authorization }: Address): Record<string, string | string[]> {
    const { headers = {}, protocols = [] } = this.#to
    const deflate = deflateOf(this.#to)
    return {
      Host: authority,
      ...(authorization !== undefined && { Authorization: authorization }),
      ...mutable(headers),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': this.#key,
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
      ...(deflate !== undefined && { 'Sec-WebSocket-Extensions': offered(deflate) }),
    }
  }

  #accept({ headers }: IncomingMessage, socket: Duplex, head: Buffer): void {
    let agreement: Agreement
    try {
      agreement = this.#agreed(headers)
    } catch (thrown) {
      this.#listener.failed(thrown as SluiceError)
      return
    }
    this.#listener.upgraded(socket, head, agreement)
  }

  #agreed(headers: IncomingMessage['headers']): Agreement {
    const { protocols = [] } = this.#to
    const protocol = one(headers['sec-websocket-protocol'])
    const extensions = one(headers['sec-websocket-extensions'])
    if (!lists(headers.upgrade, 'websocket')) throw malformed('an upgrade to something else than a WebSocket')
    if (!lists(headers.connection, 'upgrade')) throw malformed('a Connection that is not upgraded')
    if (one(headers['sec-websocket-accept']) !== acceptOf(this.#key)) throw malformed('a wrong Sec-WebSocket-Accept')
    if (protocol !== undefined && !protocols.includes(protocol))
      throw malformed(`the protocol '${protocol}', which was not asked for`)
    return { protocol: protocol ?? '', deflate: agreed(extensions, deflateOf(this.#to)) }
  }
}

/** Headers by name, a later one in place of an earlier one that differs in case alone. */
function mutable(headers: NonNullable<WebSocketTarget['headers']>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

/** Node tells of a server that has left as of a reset, which is no system's, and of what it can't parse in its own words. */
function failure(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ECONNRESET' && error.syscall === undefined) return handshakeEnded()
  if (error.code?.startsWith('HPE_') === true) return malformed('what is no HTTP', error)
  return error
}

/** Node does not take it for an upgrade where a header is missing. */
function notUpgraded(): SluiceError {
  return malformed('101, but without Upgrade and Connection: Upgrade')
}

function malformed(what: string, cause?: Error): SluiceError {
  return new SluiceError('ERR_HANDSHAKE_MALFORMED', `the server answered the handshake with ${what}`, { cause })
}
