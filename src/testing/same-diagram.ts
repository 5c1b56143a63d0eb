import type { RunHelpers } from 'rxjs/testing'
import { equal } from './equal.js'
import { shown } from './letters.js'

type Message = ReturnType<RunHelpers['cold']>['messages'][number]

/** Up to how many frames are drawn one by one. */
const DRAWN = 20

/**
 * Compares what happened with what was expected, and shows both as diagrams if they differ: made for `new
 * TestScheduler(sameDiagram)`.
 *
 * @throws `Error` whose `actual` and `expected` test runners show side by side
 *
 * @example
 * ```ts
 * new TestScheduler(sameDiagram).run(helpers => {
 *   const { cold, expectEvents } = marbles(helpers)
 *   expectEvents(cold('co-p-(x|)')).toBe('co-p-(x|)')
 * })
 * ```
 */
export function sameDiagram(actual: unknown, expected: unknown): void {
  if (equal(actual, expected)) return
  const drawn = { actual: draw(actual), expected: draw(expected) }
  const message = `other than drawn\n  expected: ${drawn.expected}\n  actual:   ${drawn.actual}`
  throw Object.assign(new Error(message), drawn, { showDiff: true })
}

function draw(what: unknown): string {
  return Array.isArray(what) && what.every(isMessage) ? diagram(what) : shown(what)
}

function diagram(messages: readonly Message[]): string {
  let drawn = ''
  let frame = 0
  while (messages.length > 0) {
    const at = messages[0]?.frame ?? frame
    const marbles = messages.filter(message => message.frame === at).map(marble)
    messages = messages.slice(marbles.length)
    drawn += span(at - frame) + (marbles.length === 1 ? marbles.join('') : `(${marbles.join('')})`)
    frame = at + (marbles.length === 1 ? 1 : marbles.length + 2)
  }
  return drawn === '' ? 'nothing' : drawn
}

/** What lies between two marbles; less than nothing where a group has taken more room than there is. */
function span(frames: number): string {
  if (frames < 0) return ` ${frames}ms `
  return frames <= DRAWN ? '-'.repeat(frames) : ` ${frames}ms `
}

function marble({ notification }: Message): string {
  if (notification.kind === 'C') return '|'
  if (notification.kind === 'E') return `#⟨${shown(notification.error)}⟩`
  const value: unknown = notification.value
  return typeof value === 'string' ? value : `⟨${shown(value)}⟩`
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'frame' in value && 'notification' in value
}
