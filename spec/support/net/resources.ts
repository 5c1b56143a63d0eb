/** What keeps this process alive: handles, requests and timers, each kind with its count. Standard streams come and go with the reporter. */
export function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'TTYWrap' && kind !== 'Immediate') counts[kind] = (counts[kind] ?? 0) + 1
  }
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
