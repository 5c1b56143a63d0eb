import { firstValueFrom, timer } from 'rxjs'
import type { ConnectionOptions } from '../../connection/connection-options.js'
import type { Connection, Endpoint } from '../../connection/connection.js'
import type { ConnectionStream } from '../../connection/event.js'
import type { Listener } from '../../connection/listener.js'
import { echo, LARGE, someBytes } from './bytes.js'
import { check, checkLives } from './check.js'
import type { Candidate } from './candidate.js'
import { Witness, type React } from './witness.js'

/** What a listening stream is asked with. */
export type PlaceOptions = ConnectionOptions & { readonly backlog?: number }

/** How both ends of a connection are. */
export interface PairOptions {
  readonly client?: ConnectionOptions
  readonly server?: PlaceOptions
  readonly onClient?: React
  readonly onServer?: React
}

/** A connection, seen from both ends. */
export interface Pair {
  readonly client: Witness
  readonly server: Witness
  /** The client's handle. */
  readonly here: Connection
  /** The server's handle. */
  readonly there: Connection
  readonly listener: Listener
  /** Where the listener was bound, also when it is no more. */
  readonly place: Endpoint
}

/**
 * How many turns of the event loop what was opened may take to go: far more than it needs, so that what stays is named.
 */
const PATIENCE = 10_000

/** One playing of a case: it opens, watches, and sees to it that nothing is left. */
export class Scene {
  readonly candidate: Candidate
  readonly #before: number
  readonly #witnesses: Witness[] = []

  constructor(candidate: Candidate) {
    this.candidate = candidate
    this.#before = candidate.open()
  }

  /** More bytes than the system takes for a peer that does not read. */
  get enough(): number {
    return this.candidate.flood ?? 32 * LARGE
  }

  watch(stream: ConnectionStream, react?: React): Witness {
    const witness = new Witness(stream, react)
    this.#witnesses.push(witness)
    return witness
  }

  /** Binds, and waits until it is bound. */
  async listen(options: PlaceOptions = {}, react?: React): Promise<Pick<Pair, 'listener' | 'place' | 'server'>> {
    const server = this.watch(this.candidate.listen(options), react)
    const { listener } = await server.next('listening')
    return { server, listener, place: listener.endpoint }
  }

  dial(to: Endpoint, options: ConnectionOptions = {}, react?: React): Witness {
    return this.watch(this.candidate.connect(to, options), react)
  }

  /** Connects, and waits until both ends are open. */
  async pair(options: PairOptions = {}): Promise<Pair> {
    const { server, listener, place } = await this.listen(options.server, options.onServer)
    const client = this.dial(place, options.client, options.onClient)
    const [{ connection: here }, { connection: there }] = await Promise.all([client.next('open'), server.next('open')])
    return { client, server, here, there, listener, place }
  }

  /**
   * What is going to happen has happened by then, if nothing holds it back: another connection has lived a whole life
   * meanwhile.
   */
  async meanwhile(): Promise<void> {
    const { client, server, here } = await this.pair({ onServer: echo })
    here.send(new Uint8Array([1]))
    await client.bytes(1)
    here.close()
    await Promise.all([client.end(), server.next('close')])
    server.leave()
    await this.turn()
  }

  /** Sends enough for a peer that does not read, and answers how much; `maxBuffered` has to allow it. */
  flood(connection: Connection): number {
    const chunk = someBytes(Math.min(this.enough, LARGE))
    let sent = 0
    for (; sent < this.enough; sent += chunk.length) connection.send(chunk)
    return sent
  }

  /** Holds a counter against the bytes that were sent, beside which there may be others. */
  counts(actual: number, sent: number, what: string): void {
    const isSo = this.candidate.adds === true ? actual >= sent : actual === sent
    check(isSo, `${what}: ${actual} bytes, not ${sent}`)
  }

  /** Until something is so that no event tells. */
  async until(isSo: () => boolean, wanted: string): Promise<void> {
    for (let turns = 0; !isSo(); turns += 1) {
      if (turns > PATIENCE) throw new Error(`${wanted} never came`)
      await this.turn()
    }
  }

  /** A turn of the event loop. */
  async turn(): Promise<void> {
    await firstValueFrom(timer(0), { defaultValue: 0 })
  }

  /** Unsubscribes from everything. */
  leave(): void {
    for (const witness of this.#witnesses) witness.leave()
  }

  /**
   * Leaves, and holds against the laws what holds for every life: its order, its turns, and that nothing is left of it.
   */
  async clear(): Promise<void> {
    this.leave()
    for (const witness of this.#witnesses) {
      check(
        witness.nested.length === 0,
        `law 11: told inside of next: ${witness.nested.map(({ type }) => type).join(' ')}`,
      )
      checkLives(witness.events)
    }
    await this.until(() => this.candidate.open() <= this.#before, 'the end of all that was opened')
  }
}
