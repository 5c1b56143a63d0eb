import { Subscription, type Observable, type Subscriber } from 'rxjs'
import { Audience } from '../connection/audience.js'
import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import type { AnyEvent, TypedEvent } from '../connection/event.js'
import type { TopicsOptions } from './topics-options.js'

/** One topic that somebody is subscribed to. */
class Topic<In> {
  readonly name: string
  readonly audience = new Audience<In>()
  /** Of what the peer was asked with last. */
  ref: number | undefined

  constructor(name: string) {
    this.name = name
  }
}

/** One life of topics: from the first subscriber to the last, or to the end of the stream. */
export class TopicSharing<In, Out> {
  readonly #options: TopicsOptions<In, Out>
  readonly #newRef: () => number
  readonly #over: (sharing: TopicSharing<In, Out>) => void
  readonly #source = new Subscription()
  readonly #topics = new Map<string, Topic<In>>()
  readonly #byRef = new Map<number, Topic<In>>()
  /** The one that has opened last. */
  #connection: Connection<Out> | undefined

  constructor(options: TopicsOptions<In, Out>, newRef: () => number, over: (sharing: TopicSharing<In, Out>) => void) {
    this.#options = options
    this.#newRef = newRef
    this.#over = over
  }

  start(stream: Observable<TypedEvent>): void {
    if (this.#source.closed) return
    this.#source.add(
      (stream as Observable<AnyEvent>).subscribe({
        next: event => {
          this.#hear(event)
        },
        error: (error: unknown) => {
          this.#finish(({ audience }) => {
            audience.error(error)
          })
        },
        complete: () => {
          this.#finish(({ audience }) => {
            audience.complete()
          })
        },
      }),
    )
  }

  join(name: string, subscriber: Subscriber<In>): void {
    const known = this.#topics.get(name)
    const topic = known ?? new Topic<In>(name)
    this.#topics.set(name, topic)
    topic.audience.add(subscriber)
    subscriber.add(() => {
      topic.audience.delete(subscriber)
      if (topic.audience.closed) this.#leave(topic)
    })
    if (known === undefined) this.#ask(topic)
  }

  #hear(event: AnyEvent): void {
    if (event.type === 'open') {
      this.#connection = event.connection as Connection<unknown>
      for (const topic of [...this.#topics.values()]) this.#ask(topic)
    } else if (event.type === 'packet' && event.connection.id === this.#connection?.id)
      this.#meant(event.packet as In)?.audience.next(event.packet as In)
  }

  /** Subscribes, where there is somebody to ask; if not, the next `open` will. */
  #ask(topic: Topic<In>): void {
    const connection = this.#connection
    if (connection?.state !== 'open' || this.#topics.get(topic.name) !== topic) return
    this.#forget(topic)
    const ref = this.#newRef()
    topic.ref = ref
    this.#byRef.set(ref, topic)
    try {
      connection.send(this.#options.subscribe(topic.name, ref))
    } catch (thrown) {
      this.#forget(topic)
      this.#topics.delete(topic.name) // Who subscribes again meanwhile asks again.
      topic.audience.error(handlerError('the subscribe of topics', thrown))
      this.#closeUnlessWanted()
    }
  }

  #leave(topic: Topic<In>): void {
    if (this.#topics.get(topic.name) !== topic) return
    this.#topics.delete(topic.name)
    const ref = this.#forget(topic)
    if (ref !== undefined) this.#tellOff(topic.name, ref)
    this.#closeUnlessWanted()
  }

  #closeUnlessWanted(): void {
    if (this.#topics.size > 0) return
    this.#over(this)
    this.#source.unsubscribe()
  }

  #tellOff(name: string, ref: number): void {
    const connection = this.#connection
    const { unsubscribe } = this.#options
    if (unsubscribe === undefined || connection?.state !== 'open') return
    try {
      connection.send(unsubscribe(name, ref))
    } catch (thrown) {
      connection.destroy(handlerError('the unsubscribe of topics', thrown))
    }
  }

  /** What was asked last for it is over. */
  #forget(topic: Topic<In>): number | undefined {
    const { ref } = topic
    if (ref !== undefined) this.#byRef.delete(ref)
    topic.ref = undefined
    return ref
  }

  /** The topic that a message is for, if somebody still wants it. */
  #meant(message: In): Topic<In> | undefined {
    const { topicOf, refOf } = this.#options
    try {
      const ref = refOf?.(message)
      if (topicOf === undefined) return ref === undefined ? undefined : this.#byRef.get(ref)
      const name = topicOf(message)
      const topic = name === undefined ? undefined : this.#topics.get(name)
      return ref === undefined || ref === topic?.ref ? topic : undefined
    } catch (thrown) {
      this.#connection?.destroy(handlerError('what reads the messages of topics', thrown))
      return undefined
    }
  }

  #finish(end: (topic: Topic<In>) => void): void {
    this.#over(this)
    const topics = [...this.#topics.values()]
    this.#topics.clear()
    for (const topic of topics) end(topic)
  }
}
