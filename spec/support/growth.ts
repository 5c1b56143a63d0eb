import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export const CYCLES = 100_000
export const WARM_UP = 5_000

/** By how many bytes of heap a cycle makes a program grow, when all garbage is collected. */
export function growth(cycle: () => void): number {
  for (let count = 0; count < WARM_UP; count += 1) cycle()
  const before = heap()
  for (let count = 0; count < CYCLES; count += 1) cycle()
  return (heap() - before) / CYCLES
}

function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
