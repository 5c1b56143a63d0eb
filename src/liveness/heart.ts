import { timer, type Subscription } from 'rxjs'
import { chance } from '../connection/chance.js'
import type { Connection } from '../connection/connection.js'
import { asError, handlerError, SluiceError } from '../connection/errors.js'
import type { AnyEvent, ConnectionOf, PacketEvent, PacketOf, TypedEvent } from '../connection/event.js'
import type { HeartbeatEvent, HeartbeatOptions } from './heartbeat-options.js'
import { Pulse } from './pulse.js'

/**
 * How often a connection is looked at, at the least, within half the interval, or half the timeout if that is shorter.
 */
const LOOKS = 4

type AnyHeartbeat = HeartbeatEvent<Connection<never>>

/**
 * The heartbeat of all connections of one subscription.
 *
 * Its time is the look: who has been quiet for so many is pinged, who leaves a ping unanswered for so many is given up.
 * A process that was held up, or a machine that slept, could not hear anybody: then that was one look, whatever the
 * clock says.
 */
export class Heart<E extends TypedEvent> {
  readonly #options: HeartbeatOptions<E>
  readonly #timeout: number
  readonly #random: () => number
  /** Milliseconds from look to look. */
  readonly #tick: number
  /** Looks until a ping. */
  readonly #interval: number
  /** Looks until a ping has waited too long. */
  readonly #patience: number
  readonly #pulses = new Map<string, Pulse>()
  #timer: Subscription | undefined

  constructor(options: HeartbeatOptions<E>) {
    const { interval = 25_000, timeout = 20_000, random = Math.random } = options
    this.#options = options
    this.#timeout = timeout
    this.#random = random
    // An even number, for the first ping comes after half of them at the earliest.
    this.#interval = 2 * Math.ceil((LOOKS * interval) / Math.min(interval, timeout))
    this.#tick = interval / this.#interval
    this.#patience = Math.floor(timeout / this.#tick)
  }

  /** Answers what is to be told in place of an event. */
  hear(event: AnyEvent): AnyEvent | AnyHeartbeat | undefined {
    if (event.type === 'packet') return this.#hearPacket(event)
    if (event.type === 'open') this.#watch(event.connection)
    else if (event.type === 'end' || event.type === 'close') this.#leave(event.connection)
    return event
  }

  stop(): void {
    this.#pulses.clear()
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }

  #hearPacket(event: PacketEvent<unknown, Connection<never>>): AnyEvent | AnyHeartbeat | undefined {
    const { connection, packet } = event
    try {
      if (this.#options.isPong?.(packet as PacketOf<E>, connection as ConnectionOf<E>) !== true) return event
    } catch (thrown) {
      connection.destroy(handlerError('the isPong of heartbeat', thrown))
      return undefined
    }
    const roundTrip = this.#pulses.get(connection.id)?.ponged()
    return roundTrip === undefined ? undefined : { type: 'heartbeat', connection, roundTrip }
  }

  #watch(connection: Connection<never>): void {
    let headStart: number
    try {
      headStart = Math.floor((chance('heartbeat', this.#random) * this.#interval) / 2)
    } catch (thrown) {
      connection.destroy(asError(thrown))
      return
    }
    this.#pulses.set(connection.id, new Pulse(connection, headStart))
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
    const { connection } = pulse
    pulse.look()
    // Its close was not told where its own stream was unsubscribed, below a merge.
    if (connection.state === 'closed') this.#leave(connection)
    else if (connection.state !== 'open') return
    else if (pulse.waiting === undefined) {
      if (pulse.quiet >= this.#interval) this.#ping(pulse)
    } else if (pulse.waiting >= this.#patience) this.#giveUp(connection)
  }

  #ping(pulse: Pulse): void {
    const { connection } = pulse
    try {
      const packet = this.#options.ping(connection as ConnectionOf<E>)
      pulse.pinged()
      ;(connection as Connection<unknown> as Connection<typeof packet>).send(packet)
    } catch (thrown) {
      connection.destroy(handlerError('the ping of heartbeat', thrown))
    }
  }

  #giveUp(connection: Connection<never>): void {
    this.#leave(connection)
    connection.destroy(new SluiceError('ERR_HEARTBEAT_TIMEOUT', `no sign of life within ${this.#timeout} ms of a ping`))
  }
}
