import { asError, SluiceError } from '../connection/errors.js'
import { checkStep, type Plan, type PlannedStep, type Step } from './plan.js'

/** Where somebody stands in a plan. */
export class PlanCursor {
  readonly #plan: Plan
  readonly #rounds: number
  /** The rest of the round, or nothing where the next one has to be begun. */
  #rest: Iterator<PlannedStep> | undefined
  #round = 0
  #ends = 0

  constructor(plan: Plan, rounds: number) {
    this.#plan = plan
    this.#rounds = rounds
  }

  /**
   * The step that answers an end.
   *
   * Throws `ERR_GAVE_UP` where all rounds are over or the plan has no step, and `ERR_PLAN` where it fails.
   */
  next(cause: unknown): Step {
    this.#ends += 1
    const planned = this.#take(cause)
    const step = typeof planned === 'function' ? asked(() => planned(cause, this.#ends)) : planned
    checkStep(step)
    return step
  }

  #take(cause: unknown): PlannedStep {
    const rest = this.#rest
    const next = rest && asked(() => rest.next())
    if (next?.done === false) return next.value
    if (rest !== undefined) this.#round += 1
    if (this.#round >= this.#rounds) throw gaveUp(`the plan has been gone through ${this.#rounds} times`, cause)
    const begun = asked(() => this.#plan[Symbol.iterator]())
    const first = asked(() => begun.next())
    if (first.done === true) throw gaveUp('the plan has no step', cause)
    this.#rest = begun
    return first.value
  }
}

function gaveUp(why: string, cause: unknown): SluiceError {
  return new SluiceError('ERR_GAVE_UP', `ended, and ${why}`, { cause })
}

/** Calls user code, and says that it was that of the plan if it throws. */
function asked<T>(call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    throw new SluiceError('ERR_PLAN', `the plan threw: ${asError(thrown).message}`, { cause: thrown })
  }
}
