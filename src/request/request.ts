import { Observable } from 'rxjs'
import type { Peer } from './peer.js'

/** A request that is to be answered. */
export class Request {
  readonly peer: Peer
  readonly id: number
  readonly packet: unknown
  #cancelled = false
  #stop: (() => void) | undefined

  constructor(peer: Peer, id: number, packet: unknown) {
    this.peer = peer
    this.id = id
    this.packet = packet
  }

  /** Its answers, until they are cancelled. */
  answered<T>(answers: Observable<T>): Observable<T> {
    return new Observable(subscriber => {
      this.#stop = () => {
        subscriber.complete()
      }
      if (this.#cancelled) this.#stop()
      else return answers.subscribe(subscriber)
      return undefined
    })
  }

  cancel(): void {
    this.#cancelled = true
    this.#stop?.()
  }
}

/** What is to be sent in answer to a request. */
export class Answer {
  readonly request: Request
  readonly packet: unknown

  constructor(request: Request, packet: unknown) {
    this.request = request
    this.packet = packet
  }
}
