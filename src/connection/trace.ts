import { defer, map, type Observable, type OperatorFunction } from 'rxjs'
import type { Connection } from './connection.js'
import type { PacketOf, SentOf, TypedEvent } from './event.js'
import { besides, boolean, callback, checkOptions, count, type Rules } from './options.js'
import { showPacket } from './show-packet.js'
import { oneLine, traceLine } from './trace-line.js'
import { WrappedConnection } from './wrap-connection.js'

/** What `trace` tells, and how. */
export interface TraceOptions<E> {
  /** A packet in a few words: the place to leave out what is secret. Default: its length and its beginning. */
  readonly show?: (packet: NoInfer<PacketOf<E> | SentOf<E>>) => string
  /** Whether what is sent is told too. Default `false`. */
  readonly sent?: boolean
  /** How many bytes or characters of a packet are shown, where there is no `show` of your own. Default 64. */
  readonly maxLength?: number
}

type Log = (line: string) => void
type Show = (packet: unknown) => string

const rules: Rules<TraceOptions<unknown> & { readonly log: Log }> = {
  log: callback,
  show: callback,
  sent: boolean,
  maxLength: count,
}

/**
 * Tells a log one line per event, and changes nothing.
 *
 * Connections are numbered in the order in which this subscription sees them. With `sent` also what is sent behind it
 * is told, on the way out: for that, its events carry a connection that stands in for theirs. Unless `show` leaves them
 * out, the packets are in the log, passwords and all. Control characters are escaped, so that no peer can forge a line.
 *
 * All events pass. A `log` that throws ends the stream, or throws at whoever sends, as RxJS has it of a `tap`: it is
 * not a peer that can make it throw. A `show` that throws may owe it to a peer: then the line says so, and nothing else
 * happens.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Watch a client
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(lines()), reconnect(exponential()), trace(console.log, { sent: true }))
 * // #1 connecting localhost:4000
 * // #1 open 127.0.0.1:4000
 * // #1 send "hello"
 * // #1 packet "welcome"
 * // #1 close error ECONNRESET, 512 B unsent
 * // retry 1 in 165 ms after ECONNRESET
 * // #2 connecting localhost:4000
 * ```
 * @example Keep passwords out of it
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(
 *   framed(lines()),
 *   trace(console.log, { sent: true, show: line => line.replace(/^PASS .*$/, 'PASS …') }),
 * )
 * ```
 */
export function trace<E extends TypedEvent>(log: Log, options: TraceOptions<E> = {}): OperatorFunction<E, E> {
  checkOptions('trace', besides(options as TraceOptions<unknown>, { log }), rules)
  return source =>
    defer(() => {
      const tracer = new Tracer(log, options)
      return (source as Observable<MaybeOfConnection>).pipe(map(event => tracer.tell(event)))
    }) as Observable<TypedEvent> as Observable<E>
}

type MaybeOfConnection = TypedEvent & { readonly connection?: Connection<never> }

/** What one subscription has seen. */
class Tracer {
  readonly #log: Log
  readonly #show: Show
  readonly #sent: boolean
  readonly #seen = new Map<string, { readonly number: number; readonly connection: Connection<never> }>()
  #count = 0

  constructor(log: Log, { show, sent = false, maxLength = 64 }: TraceOptions<unknown>) {
    this.#log = log
    this.#show = show === undefined ? packet => showPacket(packet, maxLength) : guarded(show as Show)
    this.#sent = sent
  }

  /** Answers the event that is to be passed on. */
  tell(event: MaybeOfConnection): MaybeOfConnection {
    if (event.connection === undefined) {
      this.#write(traceLine(event, this.#show))
      return event
    }
    const { number, connection } = this.#know(event.connection)
    if (event.type === 'close') this.#seen.delete(connection.id)
    this.#write(`#${number} ${traceLine(event, this.#show)}`)
    return this.#sent ? { ...event, connection } : event
  }

  #know(connection: Connection<never>) {
    const known = this.#seen.get(connection.id)
    if (known !== undefined) return known
    const number = (this.#count += 1)
    const seen = { number, connection: this.#sent ? this.#overheard(connection, number) : connection }
    this.#seen.set(connection.id, seen)
    return seen
  }

  #overheard(connection: Connection<never>, number: number): Connection<never> {
    return new Overheard(connection, packet => {
      const fate = connection.state === 'open' ? '' : ', not taken'
      this.#write(`#${number} send ${this.#show(packet)}${fate}`)
    })
  }

  #write(line: string): void {
    this.#log(oneLine(line))
  }
}

/** A connection that tells what is sent on it, before it is sent: what comes of it is told behind. */
class Overheard extends WrappedConnection<unknown, unknown> {
  readonly #sending: (packet: unknown) => void

  constructor(connection: Connection<never>, sending: (packet: unknown) => void) {
    super(connection as Connection<unknown>)
    this.#sending = sending
  }

  send(packet: unknown): boolean {
    this.#sending(packet)
    return this.inner.send(packet)
  }
}

/** The message of what was thrown is left out, since it may quote what `show` was to leave out. */
function guarded(show: Show): Show {
  return packet => {
    try {
      return show(packet)
    } catch (thrown) {
      return `(show threw ${thrown instanceof Error ? thrown.name : typeof thrown})`
    }
  }
}
