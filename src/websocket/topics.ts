import { Observable } from 'rxjs'
import type { PacketOf, SentOf, TypedEvent } from '../connection/event.js'
import { SluiceError } from '../connection/errors.js'
import { callback, checkOptions } from '../connection/options.js'
import { TopicSharing } from './topic-sharing.js'
import type { TopicsOptions } from './topics-options.js'

/** Topics that share a connection. */
export interface Topics<In> {
  /** The messages about a topic: subscribing to the first one connects, and leaving the last closes. */
  readonly topic: (name: string) => Observable<In>
}

const rules = { subscribe: callback, unsubscribe: callback, topicOf: callback, refOf: callback }

/**
 * Many topics over one connection, over any stream of packets.
 *
 * The first topic that is subscribed to connects, and the last that is left closes. However many subscribe to a topic, the peer is asked
 * once; it is asked again after each `open`, so under `reconnect` every topic goes on, with a gap; and it is told when the last has
 * left. An error of the stream, or its end, is that of all topics; whoever subscribes then starts anew. Of events nothing is told:
 * `tap` the stream for them.
 *
 * A message about a topic that nobody is subscribed to is left out; with `refOf` so is one that answers an earlier subscription to
 * the same topic. The stream has one connection at a time, as `reconnect` has it.
 *
 * A `subscribe` that throws, or whose message can't be encoded, is an error of its topic. If any other of the functions throws, the
 * connection is closed with `ERR_HANDLER`.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Prices of shares
 * ```ts
 * const feed = topics(webSocket.connect('wss://example.org/feed').pipe(json<Price, object>(), reconnect(exponential())), {
 *   subscribe: share => ({ follow: share }),
 *   unsubscribe: share => ({ leave: share }),
 *   topicOf: price => price.share,
 * })
 * feed.topic('ACME').subscribe(price => console.log(price))
 * ```
 */
export function topics<E extends TypedEvent>(
  stream: Observable<E>,
  options: NoInfer<TopicsOptions<PacketOf<E>, SentOf<E>>>,
): Topics<PacketOf<E>> {
  checkOptions('topics', options as TopicsOptions<unknown, unknown>, rules, ['subscribe'])
  if (options.topicOf === undefined && options.refOf === undefined)
    throw new SluiceError('ERR_OPTIONS', 'topics: topicOf or refOf is missing')

  let lastRef = 0
  let sharing: TopicSharing<PacketOf<E>, SentOf<E>> | undefined
  return {
    topic: name =>
      new Observable(subscriber => {
        const running = sharing
        const joined = (sharing ??= new TopicSharing(
          options,
          () => (lastRef += 1),
          over => {
            if (sharing === over) sharing = undefined
          },
        ))
        joined.join(name, subscriber)
        if (running === undefined) joined.start(stream)
      }),
  }
}
