/**
 * How a protocol speaks of topics. A message is known by its topic, by its `ref`, or by both.
 *
 * @typeParam In the messages that arrive
 * @typeParam Out what can be sent
 */
export interface TopicsOptions<In, Out> {
  /** Makes the message that subscribes to a topic. `ref` is 1, 2, …: no two subscriptions have the same. */
  readonly subscribe: (topic: string, ref: number) => Out
  /** Makes the message that ends the subscription `ref`. Without it the peer is told nothing. */
  readonly unsubscribe?: (topic: string, ref: number) => Out
  /** The topic that a message is about, or `undefined` for none. */
  readonly topicOf?: (message: In) => string | undefined
  /** The `ref` of the subscription that a message answers, or `undefined` for none: what answers one that is over is left out. */
  readonly refOf?: (message: In) => number | undefined
}
