import { isObservable, Observable, type OperatorFunction } from 'rxjs'
import type { AnyEvent, RetryEvent, TypedEvent } from '../connection/event.js'
import { checkOptions, type Rule } from '../connection/options.js'
import { checkPlan, rounds, type Plan } from './plan.js'
import type { SupervisedOptions } from './supervised-options.js'
import { Supervision } from './supervision.js'

const observable: Rule = value => (isObservable(value) ? undefined : 'must be an Observable')

/**
 * Does what a plan says whenever a stream has ended: for clients, servers and the members of a pool.
 *
 * Every end counts, that of a `close()` of our own too: each takes the next step of the plan, and after the last one a
 * new round begins. An end when all rounds are over errors with `ERR_GAVE_UP`, and so does any end where the plan is
 * empty.
 *
 * | step | what happens |
 * |---|---|
 * | `'restart'` | the stream is subscribed again |
 * | `{ restartAfter: ms }` | the same, after so many milliseconds |
 * | `'wait'` | nothing, until `now` emits |
 * | `'delete'` | the stream completes |
 * | `'stop'` | it errors, with what it ended with |
 * | `{ stop: reason }` | it errors with that |
 *
 * Two starts are at least 100 ms apart, so that an endpoint that fails at once costs ten attempts a second and not a
 * processor; who has lived longer is started again without a timer. Each wait is a `retry` (that of a `wait` has an
 * infinite `delay`), its `attempt` the number of ends so far; `open.session` is counted through. A function of the plan
 * that throws, and what is no step, end the stream with `ERR_PLAN`. Each subscription has a count of its own.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS` or `ERR_PLAN`
 *
 * @example A server that is bound again, three times at most
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(supervised(['restart', { restartAfter: 1_000 }, { restartAfter: 10_000 }]))
 * ```
 */
export function supervised<E extends TypedEvent>(
  plan: Plan,
  options: SupervisedOptions = {},
): OperatorFunction<E, (E extends unknown ? E : never) | RetryEvent> {
  // It is E, said so that the type which the result is said to have is not taken apart to find it.
  checkPlan('supervised', plan)
  checkOptions('supervised', options, { rounds, now: observable })
  return source =>
    new Observable<TypedEvent>(subscriber => {
      new Supervision(source as Observable<TypedEvent> as Observable<AnyEvent>, subscriber, plan, options).start()
    }) as Observable<E | RetryEvent>
}
