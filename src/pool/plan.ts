import { SluiceError } from '../connection/errors.js'
import { count, delay, type Rule } from '../connection/options.js'

/**
 * What to do when a stream has ended: start it again, at once or after so many milliseconds; keep it ended until it is
 * asked for; forget it; or stop, for the reason for which it ended or for one that is given.
 */
export type Step =
  'restart' | { readonly restartAfter: number } | 'wait' | 'delete' | 'stop' | { readonly stop: unknown }

/**
 * A step, or a function that chooses one.
 *
 * It gets the cause (the last `close`, or the error of a stream that has none, or nothing where it just completed) and
 * how many ends there were: 1 for the first, and it never starts again.
 */
export type PlannedStep = Step | ((cause: unknown, count: number) => Step)

/**
 * What to do at each end of a stream: the first end takes the first step, the second the next, and behind the last it
 * begins anew, for so many rounds. A backoff with more verbs; a list is a plan.
 *
 * @example At once, then after a second each time, up to the fifth end
 * ```ts
 * const plan: Plan = ['restart', (cause, count) => (count < 5 ? { restartAfter: 1_000 } : 'stop')]
 * ```
 */
export type Plan = Iterable<PlannedStep>

/** 0 is legal: then the first end is the last. */
export const rounds: Rule = value => (value === 0 ? undefined : count(value))

/** @throws `SluiceError` with code `ERR_PLAN` */
export function checkPlan(of: string, plan: Plan): void {
  if (typeof plan !== 'object' || typeof (plan as Partial<Plan>)[Symbol.iterator] !== 'function')
    throw new SluiceError(
      'ERR_PLAN',
      `${of}: a plan is an iterable of steps: ['restart', { restartAfter: 1_000 }, 'stop']`,
    )
  if (Array.isArray(plan)) {
    for (const step of plan as readonly unknown[]) if (typeof step !== 'function') checkStep(step)
  } else if (Object.is(plan[Symbol.iterator](), plan)) {
    throw new SluiceError(
      'ERR_PLAN',
      `${of}: this plan can be iterated only once, and each round needs its steps afresh: ` +
        'instead of what a generator function returns, pass { [Symbol.iterator]: generatorFunction }',
    )
  }
}

/** @throws `SluiceError` with code `ERR_PLAN` */
export function checkStep(step: unknown): asserts step is Step {
  if (typeof step === 'string' && verbs.has(step)) return
  if (typeof step === 'object' && step !== null) {
    if ('stop' in step) return
    if ('restartAfter' in step && delay(step.restartAfter) === undefined) return
  }
  throw new SluiceError('ERR_PLAN', `a step of a plan is ${wanted}, not ${shown(step)}`)
}

const verbs = new Set(['restart', 'wait', 'delete', 'stop'])
const wanted = "'restart', { restartAfter: milliseconds }, 'wait', 'delete', 'stop' or { stop: reason }"

function shown(step: unknown): string {
  return typeof step === 'object' && step !== null
    ? `an object with ${Object.keys(step).join(', ') || 'nothing'}`
    : String(step)
}
