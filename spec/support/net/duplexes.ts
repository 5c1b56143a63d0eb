import type { Duplex } from 'node:stream'
import { bind, Gate, type ConnectionOptions, type ConnectionStream, type Endpoint } from 'sluice'
import { fromDuplex } from 'sluice/net'
import { DuplexWire } from '#src/net/duplex-wire.js'
import { Gather } from '#src/net/gather.js'
import { duplexKind } from '#src/net/socket-kind.js'
import { duplexPair } from './duplex-pair.js'

/** A network of Node's duplexes, with ports that are numbers and nothing more. */
export class Duplexes {
  /** How many are alive: sides of pairs, and bound ports. */
  open = 0
  readonly #gates = new Map<number, Gate<Duplex>>()
  #port = 0

  listen({ backlog = 511, ...options }: ConnectionOptions & { readonly backlog?: number }): ConnectionStream {
    return bind(options, host => {
      const port = ++this.#port
      const gather = new Gather(true)
      const gate = new Gate<Duplex>({
        backlog,
        endpoint: () => ({ address: 'duplex', port }),
        accept: duplex => {
          host.accept(line => new DuplexWire(line, duplex, duplexKind, gather)).opened()
        },
        refuse: duplex => duplex.destroy(),
        close: () => {
          this.open -= 1
          this.#gates.delete(port)
          host.closed()
        },
      })
      this.open += 1
      this.#gates.set(port, gate)
      host.listening(gate)
      return () => {
        gate.close()
      }
    })
  }

  connect({ port = 0 }: Endpoint, options: ConnectionOptions): ConnectionStream {
    return fromDuplex(() => {
      const gate = this.#gates.get(port)
      if (gate === undefined) throw Object.assign(new Error('nobody listens there'), { code: 'ECONNREFUSED' })
      const [near, far] = duplexPair()
      for (const side of [near, far]) {
        this.open += 1
        side.once('close', () => (this.open -= 1))
      }
      gate.offer(far)
      return near
    }, options)
  }
}
