import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Endpoint } from '../../../connection/connection.js'
import { Gate } from '../../../connection/listener.js'
import { rememberAccepted } from '../../../net/endpoint.js'
import { acceptedKind, pathKind } from '../../../net/socket-kind.js'
import { BACKLOG } from '../../../net/socket-options.js'
import type { Dismissals } from './dismissals.js'
import { Doorman } from './doorman.js'
import type { MessageHost } from '../message-link.js'
import { PendingWire } from '../pending-wire.js'
import { socketKindOf } from '../socket-kind-of.js'
import { refused } from './upgrade-faults.js'
import type { WebSocketListenOptions } from './web-socket-place.js'

/** An upgrade as `http.Server` tells it. */
export type Upgrade = readonly [request: IncomingMessage, socket: Duplex, head: Buffer]

const nothing = () => undefined

/** Where upgrades are let in that somebody else has received. */
export class UpgradeGate extends Gate<Upgrade> {
  readonly dismissals: Dismissals

  constructor(
    host: MessageHost,
    at: WebSocketListenOptions<unknown> & { readonly backlog?: number },
    endpoint: () => Endpoint,
  ) {
    const doorman = new Doorman(at, error => {
      this.failed(error)
    })
    const plain = acceptedKind(endpoint)
    super({
      backlog: at.backlog ?? BACKLOG,
      endpoint,
      accept([request, socket, head]) {
        if (hasLeft(socket)) {
          socket.destroy()
          return
        }
        const { address } = endpoint()
        const kind = socketKindOf(socket, address.startsWith('/') ? pathKind(address) : plain)
        if (socket instanceof Socket) rememberAccepted(socket, endpoint())
        host.accept(link => {
          const wire: PendingWire = new PendingWire(link, nothing, () => {
            doorman.receive({ link, wire, socket, kind }, request, head)
          })
          wire.watch(socket, kind)
          return wire
        })
      },
      refuse([, socket]) {
        doorman.dismissals.turnAway(socket, refused(503, 'not now'))
      },
      close() {
        host.closed()
      },
    })
    this.dismissals = doorman.dismissals
  }

  /** One that waits may fail, which is nobody's concern, and may not be opened after that. */
  override offer(upgrade: Upgrade): void {
    const [, socket] = upgrade
    if (this.paused)
      socket.on('error', nothing).once('close', () => {
        this.withdraw(upgrade)
      })
    super.offer(upgrade)
  }
}

/** A client's end is told once, and in vain where nobody listens to his socket yet. */
function hasLeft({ destroyed, readableEnded }: Duplex): boolean {
  return destroyed || readableEnded
}
