import type { IncomingMessage } from 'node:http'
import { handlerError } from '../../../connection/errors.js'
import { Gather } from '../../../net/gather.js'
import { handshakeEnded } from '../../../net/handshake.js'
import { accepted } from '../handshake/deflate-offer.js'
import { acceptOf } from '../handshake/handshake-key.js'
import { listOf } from '../handshake/header-list.js'
import { answerHead } from '../handshake/http-answer.js'
import { deflateOf, type MessageOptions } from '../message-options.js'
import { Dismissals } from './dismissals.js'
import { Negotiations } from './negotiations.js'
import { isWelcome } from './origins.js'
import { Patience } from './patience.js'
import { isFor } from './request-path.js'
import { faultOf, refused } from './upgrade-faults.js'
import { refusalError, type Visitor } from './visitor.js'
import type { Acceptance, Refusal, WebSocketListenOptions } from './web-socket-place.js'
import { limitsOf, type DeflateSettings, type WireSettings } from '../protocol/wire-settings.js'

/** Looks at upgrade requests, asks whom it has to, and lets in or turns away: all those of one subscription. */
export class Doorman {
  readonly #options: WebSocketListenOptions<unknown>
  readonly #failed: (error: Error) => void
  readonly #gather = new Gather(true)
  readonly #negotiations: Negotiations | undefined
  /** What was agreed upon last, where it was nothing out of the ordinary. */
  #usual: WireSettings | undefined
  readonly dismissals: Dismissals

  /** @param failed told what went wrong in the user's own code */
  constructor(options: WebSocketListenOptions<unknown>, failed: (error: Error) => void) {
    const { negotiate } = options
    this.#options = options
    this.#failed = failed
    this.#negotiations = negotiate === undefined ? undefined : new Negotiations(negotiate, options)
    this.dismissals = new Dismissals(options)
  }

  receive(visitor: Visitor, request: IncomingMessage, head: Buffer): void {
    const refusal = faultOf(request) ?? this.#objection(request)
    if (refusal !== undefined) this.refuse(visitor, refusal)
    else if (this.#negotiations === undefined) this.#admit(visitor, request, head, { accept: true })
    else this.#negotiate(this.#negotiations, visitor, request, head)
  }

  refuse({ wire, socket }: Visitor, refusal: Refusal, cause?: Error): void {
    wire.failure ??= refusalError(refusal, cause)
    this.dismissals.turnAway(socket, refusal)
  }

  #objection(request: IncomingMessage): Refusal | undefined {
    const { pathname, origins } = this.#options
    if (!isFor(request, pathname)) return refused(404, 'nobody is here')
    return isWelcome(request, origins) ? undefined : refused(403, 'this origin may not connect')
  }

  #negotiate(negotiations: Negotiations, visitor: Visitor, request: IncomingMessage, head: Buffer): void {
    const { link, wire, socket } = visitor
    const patience = new Patience(socket, head)
    const talk = negotiations.start(request, {
      decided: answer => {
        const early = patience.end()
        if (answer.accept) this.#admit(visitor, request, early, answer)
        else this.refuse(visitor, answer)
      },
      failed: error => {
        patience.end()
        this.#fail(visitor, error)
      },
    })
    if (talk.closed) return
    wire.meanwhile(talk)
    patience.begin(() => {
      link.destroy(handshakeEnded())
    })
  }

  #fail(visitor: Visitor, error: Error): void {
    this.#failed(error)
    this.refuse(visitor, refused(500, 'something went wrong here'), error)
  }

  #admit(
    visitor: Visitor,
    { headers }: IncomingMessage,
    early: Buffer,
    { protocol, headers: own = {}, options, context }: Acceptance<unknown>,
  ): void {
    const { link, wire, socket, kind } = visitor
    const offered = listOf(headers['sec-websocket-protocol'])
    const agreed = protocol ?? this.#options.protocols?.find(name => offered.includes(name)) ?? ''
    if (protocol !== undefined && !offered.includes(protocol)) {
      this.#fail(visitor, handlerError('negotiate', new Error(`the client does not offer the protocol '${protocol}'`)))
      return
    }
    const merged = { ...this.#options, ...options }
    const compress = deflateOf(merged)
    const deflate = compress === undefined ? undefined : accepted(headers['sec-websocket-extensions'], compress)
    socket.write(
      answerHead(101, {
        ...own,
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Accept': acceptOf(headers['sec-websocket-key'] ?? ''),
        ...(agreed !== '' && { 'Sec-WebSocket-Protocol': agreed }),
        ...(deflate !== undefined && { 'Sec-WebSocket-Extensions': deflate.header }),
      }),
    )
    link.context = context
    const settings = this.#settings(agreed, merged, deflate?.settings)
    const isUsual = options === undefined && deflate === undefined
    wire.open(socket, kind, this.#gather, isUsual ? this.#shared(settings) : settings, early)
  }

  /** One object for all who agree upon what the one before has. */
  #shared(settings: WireSettings): WireSettings {
    if (this.#usual?.protocol !== settings.protocol) this.#usual = settings
    return this.#usual
  }

  #settings(protocol: string, options: MessageOptions, deflate: DeflateSettings | undefined): WireSettings {
    const { control = false } = this.#options
    return { role: 'server', protocol, limits: limitsOf(options), control, deflate }
  }
}
