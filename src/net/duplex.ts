import { Duplex } from 'node:stream'
import type { Subscription } from 'rxjs'
import { connectionRules, type ConnectionOptions } from '../connection/connection-options.js'
import type { Connection } from '../connection/connection.js'
import { dial } from '../connection/dial.js'
import { asError, SluiceError } from '../connection/errors.js'
import type { ConnectionEvent, ConnectionStream } from '../connection/event.js'
import { checkOptions } from '../connection/options.js'
import { DuplexWire } from './duplex-wire.js'
import { Gather } from './gather.js'
import { duplexKind } from './socket-kind.js'

/**
 * Makes a connection stream of any Node duplex: a child process's pipes, an SSH channel, a proxy's socket.
 *
 * It takes a function that makes the duplex, so that subscribing again (`reconnect` does) opens another. The duplex counts as open: wait
 * for what it has to do first inside the function's own stream. Emits `connecting`, `open`, then as every transport.
 *
 * @example
 * ```ts
 * fromDuplex(() => Duplex.from({ readable: child.stdout, writable: child.stdin }))
 * ```
 */
export function fromDuplex(make: () => Duplex, options: ConnectionOptions = {}): ConnectionStream {
  checkOptions('fromDuplex', options, connectionRules)
  return dial({ address: 'duplex' }, options, line => {
    const wire = new DuplexWire(line, make(), duplexKind, new Gather())
    line.opened()
    return wire
  })
}

/**
 * Makes a Node duplex of a dialling stream, for code that knows only streams. It subscribes at once.
 *
 * Backpressure holds in both directions; writes wait until the connection is open. `end()` half-closes, `destroy()` aborts, the peer's end
 * ends the readable side, and a close with an error is the duplex's `error`.
 *
 * @example
 * ```ts
 * pipeline(toDuplex(tcp.connect({ port: 4000 })), createGunzip(), process.stdout, console.error)
 * ```
 */
export function toDuplex(stream: ConnectionStream): Duplex {
  let connection: Connection | undefined
  let hold: Subscription | undefined
  let waiting: (() => void) | undefined
  const proceed = (): void => {
    const next = waiting
    waiting = undefined
    next?.()
  }

  const duplex = new Duplex({
    read() {
      const held = hold
      hold = undefined
      held?.unsubscribe()
    },
    write(chunk: Uint8Array, _encoding, done) {
      const send = (): void => {
        if (connection?.send(chunk) === true) done()
        else if (connection?.state === 'open') waiting = done
        else done(new SluiceError('ERR_NOT_OPEN', `the connection is ${connection?.state ?? 'gone'}`))
      }
      if (connection?.state === 'open') send()
      else if (connection === undefined || connection.state === 'connecting') waiting = send
      else send()
    },
    final(done) {
      const end = (): void => {
        connection?.end()
        done()
      }
      if (connection === undefined || connection.state === 'connecting') waiting = end
      else end()
    },
    destroy(error, done) {
      hold?.unsubscribe()
      connection?.destroy(error ?? undefined)
      subscription.unsubscribe()
      done(error)
    },
  })

  const hear = (event: ConnectionEvent): void => {
    if (event.type === 'connecting') connection = event.connection
    else if (event.type === 'open') {
      connection = event.connection
      proceed()
    } else if (event.type === 'drain') proceed()
    else if (event.type === 'packet') {
      if (!duplex.push(event.packet)) hold ??= event.connection.pause()
    } else if (event.type === 'end') duplex.push(null)
    else if (event.type === 'close') proceed()
  }
  const subscription = stream.subscribe({
    next: hear,
    error(thrown: unknown) {
      duplex.destroy(asError(thrown))
    },
    complete() {
      if (!duplex.readableEnded) duplex.push(null)
      duplex.end()
    },
  })
  return duplex
}
