import { catchError, defer, finalize, from, isObservable, map, of, type Observable, type ObservableInput } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { AnyEvent, PacketEvent } from '../connection/event.js'
import type { Correlation } from './correlation.js'
import { paced } from './paced.js'
import { Peer } from './peer.js'
import { Answer, Request } from './request.js'

export type Handler = (request: unknown, connection: Connection<never>) => ObservableInput<unknown>

/** What `respond` does for one subscriber. */
export class Service {
  readonly #correlation: Correlation<unknown, unknown>
  readonly #handler: Handler
  readonly #failed: ((error: unknown, request: unknown) => unknown) | undefined
  readonly #peers = new Map<string, Peer>()

  constructor(
    correlation: Correlation<unknown, unknown>,
    handler: Handler,
    failed: ((error: unknown, request: unknown) => unknown) | undefined,
  ) {
    this.#correlation = correlation
    this.#handler = handler
    this.#failed = failed
  }

  /** Sees an event before it waits for its turn: its packet may be a request, or cancel one. */
  take(event: AnyEvent): AnyEvent | undefined {
    if (event.type === 'packet') return this.#read(event)
    if (event.type === 'drain') this.#peers.get(event.connection.id)?.drained()
    else if (event.type === 'close') {
      this.#peers.get(event.connection.id)?.gone()
      this.#peers.delete(event.connection.id)
    }
    return event
  }

  stop(): void {
    for (const peer of this.#peers.values()) peer.gone()
    this.#peers.clear()
  }

  /** What comes of a packet whose turn has come. */
  handle(packet: unknown, connection: Connection<never>): Observable<unknown> {
    if (!(packet instanceof Request)) return of(packet)
    const answers = defer(() => this.#answers(packet, connection)).pipe(
      catchError((error: unknown) => of(this.#failure(error, packet))),
      map(answer => new Answer(packet, answer)),
    )
    return packet.answered(answers).pipe(
      finalize(() => {
        packet.peer.done(packet)
      }),
    )
  }

  /** Sends an event that is an answer; all others pass. */
  passes(event: AnyEvent): boolean {
    if (event.type !== 'packet' || !(event.packet instanceof Answer)) return true
    const { connection } = event
    const { request, packet } = event.packet
    const correlation = this.#correlation
    try {
      const answer = correlation.kind === 'by id' ? correlation.put(packet, request.id) : packet
      request.peer.send(answer)
    } catch (thrown) {
      connection.destroy(handlerError('respond', thrown))
    }
    return false
  }

  #read(event: PacketEvent<unknown, Connection<never>>): AnyEvent | undefined {
    const { connection, packet } = event
    const correlation = this.#correlation
    try {
      if (correlation.kind === 'in order') return this.#expect(event, 0)
      const cancelled = correlation.cancels?.(packet)
      if (cancelled === undefined) {
        const id = correlation.get(packet)
        return id === undefined ? event : this.#expect(event, id)
      }
      this.#peers.get(connection.id)?.cancel(cancelled)
    } catch (thrown) {
      connection.destroy(handlerError('the correlation', thrown))
    }
    return undefined
  }

  #expect(event: PacketEvent<unknown, Connection<never>>, id: number): AnyEvent {
    const peer = this.#peerOf(event.connection)
    const request = new Request(peer, id, event.packet)
    peer.expect(request)
    return { ...event, packet: request }
  }

  #answers(request: Request, connection: Connection<never>): Observable<unknown> {
    const answers = this.#handler(request.packet, connection)
    if (typeof answers === 'string') return of(answers)
    return isObservable(answers) || !isIterable(answers) ? from(answers) : paced(answers, request)
  }

  #failure(error: unknown, { packet }: Request): unknown {
    const thrown = handlerError('the handler of respond', error)
    if (this.#failed === undefined) throw thrown
    return this.#failed(error, packet)
  }

  #peerOf(connection: Connection<never>): Peer {
    const { id } = connection
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      peer = new Peer(connection as Connection<unknown>, this.#correlation.kind === 'in order')
      this.#peers.set(id, peer)
    }
    return peer
  }
}

function isIterable(value: object): value is Iterable<unknown> | AsyncIterable<unknown> {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}
