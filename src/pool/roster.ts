import type { Connection } from '../connection/connection.js'
import type { Encoder } from '../connection/encoded.js'
import { Imprint } from './imprint.js'
import { Seat, type Outcome, type Overflow } from './seat.js'

/** Those who are sent what one encoder makes of a packet. */
interface Bench<C extends Connection<Out>, Out> {
  readonly imprint: Imprint<Out>
  readonly seats: Set<Seat<C, Out>>
}

/** How many connections have taken a packet, and how many have missed it. */
export interface Tally {
  /** Those that took it, to be sent when their peer reads. */
  taken: number
  /** Those that were left out because they are behind, or that failed over it. */
  missed: number
}

/** The open connections of a group. Those that are sent the same bytes for a packet sit together. */
export class Roster<C extends Connection<Out>, Out> {
  readonly #receives: (connection: C) => boolean
  readonly #seats = new Map<string, Seat<C, Out>>()
  readonly #benches = new Map<Encoder<Out>, Bench<C, Out>>()
  /** Those who encode in their own way. */
  readonly #others = new Set<Seat<C, Out>>()

  /** @param receives whether a connection is to have what is for all */
  constructor(receives: (connection: C) => boolean) {
    this.#receives = receives
  }

  get connections(): C[] {
    return Array.from(this.#seats.values(), ({ connection }) => connection)
  }

  connection(id: string): C | undefined {
    return this.#seats.get(id)?.connection
  }

  add(connection: C): void {
    const seat = new Seat<C, Out>(connection, this.#receives)
    this.#seats.set(connection.id, seat)
    this.#placesOf(seat).add(seat)
  }

  delete({ id }: Connection<never>): void {
    const seat = this.#seats.get(id)
    if (seat === undefined) return
    this.#seats.delete(id)
    const places = this.#placesOf(seat)
    places.delete(seat)
    if (seat.encoder !== undefined && places.size === 0) this.#benches.delete(seat.encoder)
  }

  drained({ id }: Connection<never>): void {
    const seat = this.#seats.get(id)
    if (seat !== undefined) seat.behind = false
  }

  /** Sends a packet to all but one. Where it can't be encoded it throws, when those have it who encode it themselves. */
  broadcast(packet: Out, except: Connection<never> | undefined, overflow: Overflow): Tally {
    const tally = { taken: 0, missed: 0 }
    const left = except && this.#seats.get(except.id)
    const encoded = [...this.#benches.values()].map(({ imprint, seats }) => ({ seats, pieces: imprint.of(packet) }))
    for (const { seats, pieces } of encoded) {
      for (const seat of seats) if (seat !== left) count(tally, seat.send(packet, pieces, overflow))
    }
    const thrown: unknown[] = []
    for (const seat of this.#others) {
      if (seat === left) continue
      try {
        count(tally, seat.send(packet, undefined, overflow))
      } catch (error) {
        thrown.push(error)
      }
    }
    if (thrown.length > 0) throw thrown[0]
    return tally
  }

  #placesOf({ encoder }: Seat<C, Out>): Set<Seat<C, Out>> {
    if (encoder === undefined) return this.#others
    const bench = this.#benches.get(encoder) ?? { imprint: new Imprint(encoder), seats: new Set() }
    this.#benches.set(encoder, bench)
    return bench.seats
  }
}

function count(tally: Tally, outcome: Outcome): void {
  if (outcome === 'taken') tally.taken += 1
  else if (outcome === 'missed') tally.missed += 1
}
