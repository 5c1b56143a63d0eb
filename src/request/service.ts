import {
  Subscription,
  from,
  isObservable,
  of,
  type Observable,
  type ObservableInput,
  type Observer,
  type Subscriber,
  type Unsubscribable,
} from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { AnyEvent, PacketEvent } from '../connection/event.js'
import { Consumption } from '../flow/consumption.js'
import type { Correlation } from './correlation.js'
import { Dispatch } from './dispatch.js'
import { paced } from './paced.js'
import { Peer } from './peer.js'
import { Request, type Respondent } from './request.js'

/** How requests are answered. */
export interface Answering {
  readonly correlation: Correlation<unknown, unknown>
  readonly handler: (request: unknown, connection: Connection<never>) => ObservableInput<unknown>
  readonly failed: ((error: unknown, request: unknown) => unknown) | undefined
  readonly concurrency: number
}

/** What `respond` does for one subscriber. */
export class Service implements Respondent, Observer<AnyEvent> {
  readonly #correlation: Correlation<unknown, unknown>
  readonly #handler: Answering['handler']
  readonly #failed: Answering['failed']
  readonly #peers = new Map<string, Peer>()
  readonly #handling: Consumption

  constructor({ correlation, handler, failed, concurrency }: Answering, subscriber: Subscriber<AnyEvent>) {
    const ordered = correlation.kind === 'in order'
    this.#correlation = correlation
    this.#handler = handler
    this.#failed = failed
    this.#handling = new Consumption(new Dispatch(subscriber, correlation), handle, {
      concurrency,
      prefetch: concurrency,
      ordered,
    })
  }

  /** Sees an event before it waits for its turn: its packet may be a request, or cancel one. */
  next(event: AnyEvent): void {
    if (event.type === 'packet') this.#read(event)
    else {
      if (event.type === 'drain') this.#peers.get(event.connection.id)?.drained()
      else if (event.type === 'close') {
        this.#peers.get(event.connection.id)?.gone()
        this.#peers.delete(event.connection.id)
      }
      this.#handling.next(event)
    }
  }

  error(error: unknown): void {
    this.#handling.error(error)
  }

  complete(): void {
    this.#handling.complete()
  }

  /** Gives up what is handled. */
  cancel(): void {
    this.#handling.cancel()
  }

  /** Lets go of who asked. */
  stop(): void {
    for (const peer of this.#peers.values()) peer.gone()
    this.#peers.clear()
  }

  answersTo(request: Request): Observable<unknown> {
    const answers = this.#handler(request.packet, request.peer.connection)
    if (typeof answers === 'string') return of(answers)
    return isObservable(answers) || !isIterable(answers) ? from(answers) : paced(answers, request)
  }

  failure(error: unknown, { packet }: Request): unknown {
    const thrown = handlerError('the handler of respond', error)
    if (this.#failed === undefined) throw thrown
    return this.#failed(error, packet)
  }

  #read(event: PacketEvent<unknown, Connection<never>>): void {
    const { connection, packet } = event
    const correlation = this.#correlation
    let id: number | undefined
    try {
      if (correlation.kind === 'in order') id = 0
      else {
        const cancelled = correlation.cancels?.(packet)
        if (cancelled !== undefined) {
          this.#peers.get(connection.id)?.cancel(cancelled)
          return
        }
        id = correlation.get(packet)
      }
    } catch (thrown) {
      connection.destroy(handlerError('the correlation', thrown))
      return
    }
    this.#handling.next(id === undefined ? event : { type: 'packet', connection, packet: this.#expect(event, id) })
  }

  #expect({ connection, packet }: PacketEvent<unknown, Connection<never>>, id: number): Request {
    const peer = this.#peerOf(connection)
    const request = new Request(this, peer, id, packet)
    peer.expect(request)
    return request
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

/** The turn of a packet has come. */
function handle(packet: unknown, _connection: unknown, told: Observer<unknown>): Unsubscribable {
  if (packet instanceof Request) return packet.answer(told)
  told.next(packet)
  told.complete()
  return Subscription.EMPTY
}

function isIterable(value: object): value is Iterable<unknown> | AsyncIterable<unknown> {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}
