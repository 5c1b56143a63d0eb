import type { Duplex } from 'node:stream'
import { connectionRules, type ConnectionOptions } from '../connection/connection-options.js'
import { dial } from '../connection/dial.js'
import { SluiceError } from '../connection/errors.js'
import type { ConnectionStream } from '../connection/event.js'
import { besides, callback, checkOptions } from '../connection/options.js'
import { destroyWhenDone } from './destroy-when-done.js'
import { DuplexWire } from './duplex-wire.js'
import { Gather } from './gather.js'
import { guardWrites } from './guard-writes.js'
import { duplexKind } from './socket-kind.js'

/**
 * Makes a connection stream of any Node duplex: a child process's pipes, an SSH channel, a proxy's socket.
 *
 * It takes a function that makes the duplex, so that subscribing again (`reconnect` does) opens another. The duplex counts as open: wait
 * for what it has to do first inside the function's own stream. Emits `connecting`, `open`, then as every transport; a function that
 * throws, or answers a duplex that has closed before (`ERR_NOT_OPEN`) or something else (`ERR_HANDLER`), is a dial that fails.
 *
 * @example
 * ```ts
 * fromDuplex(() => Duplex.from({ readable: child.stdout, writable: child.stdin }))
 * ```
 */
export function fromDuplex(make: () => Duplex, options: ConnectionOptions = {}): ConnectionStream {
  checkOptions('fromDuplex', besides(options, { make }), { make: callback, ...connectionRules }, ['make'])
  return dial({ address: 'duplex' }, options, line => {
    const duplex = checked(make())
    guardWrites(duplex)
    const wire = new DuplexWire(line, duplex, duplexKind, new Gather())
    destroyWhenDone(duplex)
    duplex.allowHalfOpen = true // Or Node would end it with the peer's end, whatever still waits to be sent.
    if (duplex.destroyed) throw duplex.errored ?? new SluiceError('ERR_NOT_OPEN', 'the duplex has closed before')
    line.opened()
    if (duplex.readableEnded) line.ended()
    return wire
  })
}

/** Whatever its types say, a user's function may answer anything. */
function checked(made: unknown): Duplex {
  if (isDuplex(made)) return made
  throw new SluiceError('ERR_HANDLER', 'make must answer a duplex and has answered something else', { cause: made })
}

function isDuplex(made: unknown): made is Duplex {
  return typeof made === 'object' && made !== null && 'pipe' in made && 'write' in made
}
