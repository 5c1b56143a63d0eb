import { eventsLaw } from './laws/01-events.js'
import { failuresLaw } from './laws/02-failures.js'
import { lifetimesLaw } from './laws/03-lifetimes.js'
import { sendingLaw } from './laws/04-sending.js'
import { identityLaw } from './laws/05-identity.js'
import { passingLaw } from './laws/06-passing.js'
import { boundsLaw } from './laws/07-bounds.js'
import { handlersLaw } from './laws/08-handlers.js'
import { timeLaw } from './laws/09-time.js'
import { pausingLaw } from './laws/10-pausing.js'
import { turnsLaw } from './laws/11-turns.js'
import { halfOpenLaw } from './laws/12-half-open.js'
import { bytesLaw } from './laws/13-bytes.js'
import type { Law } from './laws/law.js'

/**
 * The thirteen laws as cases that any transport of bytes can be held against, in any test runner.
 *
 * Each case opens what it needs, waits for events and for nothing else, and in the end sees to it that nothing is left
 * open. It knows no time, so the runner has to bound it: ten seconds are plenty. Cases of one candidate must not run at
 * the same time, as they count what is open.
 *
 * @example Your own transport against the laws
 * ```ts
 * describe('my transport', () => {
 *   for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(candidate))
 * })
 * ```
 */
export const laws: readonly Law[] = [
  ...eventsLaw,
  ...failuresLaw,
  ...lifetimesLaw,
  ...sendingLaw,
  ...identityLaw,
  ...passingLaw,
  ...boundsLaw,
  ...handlersLaw,
  ...timeLaw,
  ...pausingLaw,
  ...turnsLaw,
  ...halfOpenLaw,
  ...bytesLaw,
]
