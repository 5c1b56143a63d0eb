import { asError } from '../../../connection/errors.js'
import type { MessageHost } from '../message-link.js'
import { UpgradeGate } from './upgrade-gate.js'
import type { WebSocketListenOptions, UpgradesPlace } from './web-socket-place.js'

/** Nobody knows where they come from; so each connection is asked for its own end. */
const somewhere = { address: '::' }

/** Takes in WebSockets that somebody else has received. Answers how to leave. */
export function listenToUpgrades(host: MessageHost, at: UpgradesPlace & WebSocketListenOptions<unknown>): () => void {
  const gate = new UpgradeGate(host, at, () => somewhere)
  host.listening(gate)
  const receiving = at.upgrades.subscribe({
    next(upgrade) {
      gate.offer(upgrade)
    },
    error(thrown: unknown) {
      host.failed(asError(thrown))
    },
    complete() {
      gate.close()
    },
  })
  return () => {
    receiving.unsubscribe()
    gate.close()
  }
}
