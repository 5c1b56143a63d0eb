/** What holds of answers, however they are correlated. */
export interface AnswerRules<In> {
  /** Whether this is the last answer to its request. Default: each request has one. */
  readonly last?: (answer: In) => boolean
  /** The error that this answer stands for, if it does: with that its ask ends, in place of being answered. Default: itself, if it is one. */
  readonly failed?: (answer: In) => Error | undefined
}

export function errorIn(answer: unknown): Error | undefined {
  return answer instanceof Error ? answer : undefined
}
