import type { Agent, ClientRequest, RequestOptions } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Wire } from '../../../connection/wire.js'
import { clientHandshake } from '../../../net/client-handshake.js'
import { rememberDialled } from '../../../net/endpoint.js'
import { Gather } from '../../../net/gather.js'
import { openSocket } from '../../../net/open-socket.js'
import type { SocketKind } from '../../../net/socket-kind.js'
import { CONNECT_TIMEOUT, RESOLVE_TIMEOUT } from '../../../net/socket-options.js'
import { Stage } from '../../../net/stage.js'
import { CLIENT_HANDSHAKE_TIMEOUT } from '../../../net/tls-options.js'
import { addressOf, socketTarget, type Address } from './address.js'
import type { MessageLink } from '../message-link.js'
import { PendingWire } from '../pending-wire.js'
import { socketKindOf } from '../socket-kind-of.js'
import { UpgradeRequest } from './upgrade-request.js'
import type { WebSocketTarget } from './web-socket-target.js'
import { limitsOf } from '../protocol/wire-settings.js'

/** Dials, shakes hands, and then puts the link on the wire of its messages. Answers the wire that it is on until then. */
export function dialWebSocket(link: MessageLink, to: WebSocketTarget): Wire<unknown> {
  const dialling = new Dialling(link, to)
  if (to.agent === undefined) dialling.dial()
  else dialling.dialBy(to.agent)
  return dialling.wire
}

/** One dial, from the name to the upgrade. */
class Dialling {
  readonly wire: PendingWire
  readonly #link: MessageLink
  readonly #to: WebSocketTarget
  readonly #address: Address
  readonly #stage: Stage
  #request: UpgradeRequest | undefined

  constructor(link: MessageLink, to: WebSocketTarget) {
    this.#link = link
    this.#to = to
    this.#address = addressOf(to)
    this.#stage = new Stage(error => {
      link.destroy(this.#request?.refusal ?? error)
    })
    this.wire = new PendingWire(link, () => {
      this.#stage.leave()
      this.wire.failure ??= this.#request?.refusal
      this.#request?.abort()
    })
  }

  /** By a socket of our own. */
  dial(): void {
    const { secure, host } = this.#address
    const handshake = secure ? clientHandshake({ ...this.#to.tls, ALPNProtocols: ['http/1.1'] }, host) : undefined
    const { socket, kind } = openSocket(socketTarget(this.#to, this.#address), this.#stage, {}, () => {
      this.#enterHandshake()
      if (handshake === undefined) this.#askOver(socket, kind)
      else
        this.wire.secure(handshake, socket, kind, (secured, itsKind) => {
          this.#askOver(secured, itsKind)
        })
    })
    this.wire.watch(socket)
  }

  /** By a socket of an agent's, which may be there at once, or come from far away. */
  dialBy(agent: Agent): void {
    const { host, port } = this.#address
    const { tls, lookup, family, localAddress, connectTimeout = CONNECT_TIMEOUT } = this.#to
    this.#stage.enter('connect', connectTimeout)
    this.#ask({ ...tls, agent, host, port, lookup, family, localAddress }, socketKindOf).once('socket', socket => {
      this.wire.watch(socket)
      this.#follow(socket)
    })
  }

  #follow(socket: Socket): void {
    const { resolveTimeout = RESOLVE_TIMEOUT, connectTimeout = CONNECT_TIMEOUT } = this.#to
    const { host, port } = this.#address
    if (!socket.connecting) {
      this.#enterHandshake()
      return
    }
    if (isIP(host) === 0) this.#stage.enter('resolve', resolveTimeout)
    const resolved = (): void => {
      this.#stage.enter('connect', connectTimeout)
    }
    socket.once('lookup', resolved).once('connect', () => {
      socket.off('lookup', resolved)
      rememberDialled(socket, { address: host, port })
      this.#enterHandshake()
    })
  }

  #enterHandshake(): void {
    this.#stage.enter('handshake', this.#to.handshakeTimeout ?? CLIENT_HANDSHAKE_TIMEOUT)
  }

  #askOver(socket: Duplex, kind: SocketKind): void {
    this.#ask({ createConnection: () => socket }, () => kind)
  }

  #ask(through: RequestOptions, kindOf: (socket: Duplex) => SocketKind): ClientRequest {
    this.#request = new UpgradeRequest(this.#to, this.#address, through, {
      upgraded: (socket, head, { protocol, deflate }) => {
        this.#stage.leave()
        const { control = false } = this.#to
        const settings = { role: 'client', protocol, limits: limitsOf(this.#to), control, deflate } as const
        this.wire.open(socket, kindOf(socket), new Gather(), settings, head)
      },
      failed: error => {
        this.#link.destroy(error)
      },
    })
    return this.#request.request
  }
}
