import type { Connection } from '../connection/connection.js'
import type { Encoder } from '../connection/encoded.js'
import { Imprint } from './imprint.js'
import { Seat, isOpen, type Overflow } from './seat.js'

/** How many connections have taken a packet, and how many have missed it. */
export interface Tally {
  /** Those that took it, to be sent when their peer reads. */
  taken: number
  /** Those that were left out because they are behind, or that failed over it. */
  missed: number
}

/** The open connections of a group. Those that name the same encoder are sent the same bytes. */
export class Roster<C extends Connection<Out>, Out> {
  readonly #receives: (connection: C) => boolean
  readonly #seats = new Map<string, Seat<C, Out>>()
  readonly #imprints = new WeakMap<Encoder<Out>, Imprint<Out>>()

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
    this.#seats.set(connection.id, new Seat(connection))
  }

  delete({ id }: Connection<never>): void {
    this.#seats.delete(id)
  }

  drained({ id }: Connection<never>): void {
    const seat = this.#seats.get(id)
    if (seat !== undefined) seat.behind = false
  }

  /** Sends a packet to all but one. Where it can't be encoded it throws, when those have it who encode it themselves. */
  broadcast(packet: Out, except: Connection<never> | undefined, overflow: Overflow): Tally {
    const tally = { taken: 0, missed: 0 }
    const encoded = this.#encode(packet)
    const thrown: unknown[] = []
    for (const seat of this.#seats.values()) {
      const { connection } = seat
      if (connection.id === except?.id || !isOpen(connection) || !this.#receives(connection)) continue
      try {
        const pieces = seat.encoder && encoded.get(seat.encoder)
        if (seat.send(packet, pieces, overflow)) tally.taken += 1
        else tally.missed += 1
      } catch (error) {
        thrown.push(error)
      }
    }
    if (thrown.length > 0) throw thrown[0]
    return tally
  }

  /** A packet as the bytes that each encoder makes of it: once for all who share it. */
  #encode(packet: Out): Map<Encoder<Out>, readonly Uint8Array[]> {
    const encoded = new Map<Encoder<Out>, readonly Uint8Array[]>()
    for (const { encoder } of this.#seats.values())
      if (encoder !== undefined && !encoded.has(encoder)) encoded.set(encoder, this.#imprint(encoder).of(packet))
    return encoded
  }

  #imprint(encoder: Encoder<Out>): Imprint<Out> {
    const known = this.#imprints.get(encoder)
    if (known !== undefined) return known
    const imprint = new Imprint(encoder)
    this.#imprints.set(encoder, imprint)
    return imprint
  }
}
