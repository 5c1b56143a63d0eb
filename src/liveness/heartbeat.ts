import { Observable, timer, type OperatorFunction, type Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError, SluiceError } from '../connection/errors.js'
import type { AnyEvent, ConnectionOf, PacketOf, TypedEvent } from '../connection/event.js'
import { callback, checkOptions, milliseconds, type Rules } from '../connection/options.js'
import { Pulse } from './pulse.js'

/** A peer has answered a ping: stands in the place of the pong's packet. */
export interface HeartbeatEvent<C extends Connection<never> = Connection> {
  readonly type: 'heartbeat'
  readonly connection: C
  /** Milliseconds from the ping to its pong. */
  readonly roundTrip: number
}

/** What a connection sends. */
type Sent<C> = C extends Connection<infer Out> ? Out : never

export interface HeartbeatOptions<E> {
  /** Makes the packet that asks for a sign of life. */
  readonly ping: (connection: ConnectionOf<E>) => Sent<ConnectionOf<E>>
  /** Whether a packet answers a ping: then it is told as a `heartbeat`, and not as a packet. Any input is a sign of life without it. */
  readonly isPong?: (packet: PacketOf<E>) => boolean
  /** After how long a silence a ping is sent, at the latest, in milliseconds. Default 25 000. */
  readonly interval?: number
  /** How long a ping may wait for a sign of life, in milliseconds. Default 20 000. */
  readonly timeout?: number
  /** Where the first ping of a connection falls, 0 to 1: so that those who came together don't stay together. Default `Math.random`. */
  readonly random?: () => number
}

const rules: Rules<HeartbeatOptions<unknown>> = {
  ping: callback,
  isPong: callback,
  interval: milliseconds,
  timeout: milliseconds,
  random: callback,
}

/** How often the connections are looked at within the interval, or within the timeout if that is shorter. */
const LOOKS = 8

/**
 * Finds peers that are gone though nothing has said so: it pings a connection that has been silent for `interval`, and ends it with `ERR_HEARTBEAT_TIMEOUT`
 * (its `close` says `timeout`) if no byte has come within `timeout` after that. So a dead peer is known after `interval + timeout` at the latest.
 *
 * Any input counts as life, and where there is input no ping is sent. The first ping comes after half the interval to all of it, at random. While we have
 * paused the connection ourselves its silence is no sign: then the pings go on, and a peer is alive as long as it takes what we write.
 *
 * Emits all events but the pongs, each of which becomes a `heartbeat` with its round trip. One timer serves all connections of a subscription and looks at
 * them eight times within the interval (or the timeout, if shorter).
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`. A `ping` that throws, or makes a packet that can't be encoded, closes its connection with `ERR_HANDLER`; so does an `isPong`.
 *
 * @example Over lines
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(
 *   framed(lines()),
 *   heartbeat({ ping: () => 'PING', isPong: line => line === 'PONG' }),
 *   reconnect(exponential()),
 * )
 * ```
 */
export function heartbeat<E extends TypedEvent>(
  options: HeartbeatOptions<E>,
): OperatorFunction<E, E | HeartbeatEvent<ConnectionOf<E>>> {
  checkOptions('heartbeat', options as HeartbeatOptions<unknown>, rules, ['ping'])
  return source =>
    new Observable(subscriber => {
      const heart = new Heart(options)
      const events = source as Observable<TypedEvent> as Observable<AnyEvent>
      subscriber.add(
        events.subscribe({
          next(event) {
            const told = heart.hear(event)
            if (told !== undefined) subscriber.next(told as TypedEvent as E)
          },
          error(error: unknown) {
            subscriber.error(error)
          },
          complete() {
            subscriber.complete()
          },
        }),
      )
      subscriber.add(() => {
        heart.stop()
      })
    })
}

/** The heartbeat of all connections of one subscription. */
class Heart<E extends TypedEvent> {
  readonly #interval: number
  readonly #timeout: number
  readonly #tick: number
  readonly #random: () => number
  readonly #ping: (connection: Connection<never>) => unknown
  readonly #isPong: ((packet: unknown) => boolean) | undefined
  readonly #pulses = new Map<string, Pulse>()
  #timer: Subscription | undefined

  constructor({ ping, isPong, interval = 25_000, timeout = 20_000, random = Math.random }: HeartbeatOptions<E>) {
    this.#interval = interval
    this.#timeout = timeout
    this.#tick = Math.min(interval, timeout) / LOOKS
    this.#random = random
    this.#ping = connection => ping(connection as ConnectionOf<E>)
    this.#isPong = isPong && (packet => isPong(packet as PacketOf<E>))
  }

  /** Answers what is to be told in place of an event. */
  hear(event: AnyEvent): AnyEvent | HeartbeatEvent<Connection<never>> | undefined {
    if (event.type === 'packet') return this.#isPong === undefined ? event : this.#hearPacket(event, this.#isPong)
    if (event.type === 'open') this.#watch(event.connection)
    else if (event.type === 'end' || event.type === 'close') this.#leave(event.connection)
    return event
  }

  stop(): void {
    this.#pulses.clear()
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }

  #hearPacket(
    event: Extract<AnyEvent, { type: 'packet' }>,
    isPong: (packet: unknown) => boolean,
  ): AnyEvent | HeartbeatEvent<Connection<never>> | undefined {
    const { connection, packet } = event
    try {
      if (!isPong(packet)) return event
    } catch (thrown) {
      connection.destroy(handlerError('the isPong of heartbeat', thrown))
      return undefined
    }
    const roundTrip = this.#pulses.get(connection.id)?.ponged()
    return roundTrip === undefined ? undefined : { type: 'heartbeat', connection, roundTrip }
  }

  #watch(connection: Connection<never>): void {
    this.#pulses.set(connection.id, new Pulse(connection, (this.#random() * this.#interval) / 2))
    this.#timer ??= timer(this.#tick, this.#tick).subscribe(() => {
      this.#pulses.forEach(pulse => {
        this.#examine(pulse)
      })
    })
  }

  #leave({ id }: Connection<never>): void {
    if (this.#pulses.delete(id) && this.#pulses.size === 0) this.stop()
  }

  #examine(pulse: Pulse): void {
    pulse.look()
    const { connection, silence, waiting, sincePing } = pulse
    // Rounded down to whole looks, so that the bounds that are promised hold.
    if (waiting !== undefined && waiting > this.#timeout - this.#tick) this.#giveUp(connection)
    else if (waiting === undefined && silence >= this.#interval - this.#tick) this.#send(pulse)
    else if (connection.paused && sincePing >= this.#interval) this.#send(pulse)
  }

  #send(pulse: Pulse): void {
    const { connection } = pulse
    try {
      const packet = this.#ping(connection)
      pulse.pinged()
      ;(connection as Connection<unknown> as Connection).send(packet as Uint8Array)
    } catch (thrown) {
      connection.destroy(handlerError('the ping of heartbeat', thrown))
    }
  }

  #giveUp(connection: Connection<never>): void {
    this.#leave(connection)
    connection.destroy(new SluiceError('ERR_HEARTBEAT_TIMEOUT', `no sign of life within ${this.#timeout} ms of a ping`))
  }
}
