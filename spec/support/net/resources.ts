import { isDeepStrictEqual } from 'node:util'

/** What keeps this process alive: handles, requests and timers, each kind with its count. Standard streams come and go with the reporter. */
export function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'TTYWrap' && kind !== 'Immediate') counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** The same, once what was begun before has settled: with what a spec starts. */
export async function resourcesAtRest(): Promise<Record<string, number>> {
  await turns(20)
  return resources()
}

/** The same, after a few rounds of the event loop in which what is closing may close. */
export async function resourcesLeft(expected: Record<string, number>): Promise<Record<string, number>> {
  for (let round = 0; round < 1_000 && !isDeepStrictEqual(resourcesBesides(expected), expected); round += 1)
    await turn()
  return resourcesBesides(expected)
}

/** What was there before may have ended meanwhile, as it was begun by somebody else: what counts is what there is more of. */
function resourcesBesides(expected: Record<string, number>): Record<string, number> {
  const counts = resources()
  for (const [kind, count] of Object.entries(expected)) counts[kind] = Math.max(counts[kind] ?? 0, count)
  return counts
}

/** Goes round the event loop until something holds. If it never does, the spec times out. */
export async function eventually(met: () => boolean): Promise<void> {
  while (!met()) await turn()
}

/** One round of the event loop. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export async function turns(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) await turn()
}
