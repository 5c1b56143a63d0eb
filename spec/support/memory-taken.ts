import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How many bytes of memory something has taken and still holds, arrays of bytes included. */
export function memoryTaken(act: () => void): number {
  const before = memoryHeld()
  act()
  return memoryHeld() - before
}

export function memoryHeld(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Waits until nobody holds it any more. */
export async function forgotten(held: WeakRef<object>): Promise<void> {
  while (held.deref() !== undefined) {
    await setImmediate()
    collect()
  }
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  gc()
}
