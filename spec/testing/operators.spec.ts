import { NEVER, concatMap, of, type Observable, type OperatorFunction } from 'rxjs'
import { consume, firstPacket, heartbeat, idleTimeout, perConnection, reconnect, sendAll, trace } from 'sluice'
import type { ConnectionEvent } from 'sluice'
import { framed, raw } from 'sluice/framing'
import { laws, memory, type Candidate } from 'sluice/testing'

type Operator = OperatorFunction<ConnectionEvent, ConnectionEvent>

/** Each operator as it leaves the bytes what they are. */
const operators: Readonly<Record<string, () => unknown>> = {
  framed: () => framed(raw()),
  'framed over framed': () => (stream: Observable<ConnectionEvent>) => stream.pipe(framed(raw()), framed(raw())),
  perConnection: () => perConnection(packets => packets),
  'perConnection, by promise': () => perConnection(concatMap(packet => Promise.resolve(packet))),
  'consume, at once': () => consume(packet => of(packet)),
  'consume, by promise': () => consume(packet => Promise.resolve(packet)),
  'sendAll of nothing': () => sendAll(() => []),
  'sendAll of what never comes': () => sendAll(() => NEVER, { overflow: 'fail' }),
  firstPacket: () => firstPacket(),
  idleTimeout: () => idleTimeout(),
  heartbeat: () => heartbeat<ConnectionEvent>({ ping: () => new Uint8Array(1) }),
  trace: () => trace(() => undefined, { sent: true }),
  'reconnect that gives up at once': () => reconnect([]),
}

/** The cases that an operator is not held to, since it is there to change what they look at. */
const exceptions: Readonly<Record<string, RegExp>> = {
  // The case does not wait, and a promise takes a turn: spec/flow and spec/connection have what passes, and where.
  'consume, by promise': /^an event of a type that nobody knows passes/,
  'perConnection, by promise': /^an event of a type that nobody knows passes/,
  // Its own rule is that what the peer has closed is dialled again: it has then given up, and that is an error.
  'reconnect that gives up at once': /^a dial that closes in order completes|^a closed listener accepts no more/,
}

for (const [operator, made] of Object.entries(operators)) {
  describe(`${operator}, by the laws`, () => {
    for (const { law, name, run } of laws) {
      if (exceptions[operator]?.test(name) !== true) it(`law ${law}: ${name}`, () => run(through(made() as Operator)))
    }
  })
}

/** A network of which each stream goes through an operator. */
function through(operator: Operator): Candidate {
  const net = memory()
  return {
    listen: options => net.listen({ port: 0, ...options }).pipe(operator),
    connect: ({ port = 0 }, options) => net.connect({ port, ...options }).pipe(operator),
    open: () => net.open,
    flood: 4 * 1024 * 1024,
    operator: operator as Candidate['operator'] & object,
  }
}
