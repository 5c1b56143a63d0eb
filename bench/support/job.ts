import type { Contestant, Course } from './race.js'
import { remote } from './remote.js'

/** How long a job is warmed up, in milliseconds. */
const WARM_UP = 300

/** A job has no peer that must come into motion: its turns are short and many, so that whatever else the machine does meets all alike. */
export const inProcess: Course = { turns: 15, turn: 50 }

/** A module of jobs: each function works for so many milliseconds and answers how much it has done per second. */
type Jobs = Readonly<Record<string, (ms: number, ...args: readonly unknown[]) => Promise<number>>>

/** A job in a process of its own, where no rival has made the shared code slow or fast. */
export async function job(jobs: URL, name: string, ...args: readonly unknown[]): Promise<Contestant> {
  const process = await remote<Jobs>(jobs)
  const work = async (ms: number): Promise<number> => {
    const done = await process[name]?.(ms, ...args)
    if (done === undefined) throw new Error(`no job ${name} in ${jobs.pathname}`)
    return done
  }
  await work(WARM_UP)
  return {
    run: async ms => ({ value: await work(ms) }),
    stop: () => process.stop(),
  }
}

/** Repeats a pass for so many milliseconds, and answers how many of what it counts there were per second. */
export async function perSecond(ms: number, pass: () => number | Promise<number>): Promise<number> {
  const start = performance.now()
  for (let count = 0; ;) {
    const passed = pass()
    count += typeof passed === 'number' ? passed : await passed
    const elapsed = performance.now() - start
    if (elapsed >= ms) return (count / elapsed) * 1000
  }
}

/** Cuts bytes into chunks of a size, as a network might. */
export function chunked(bytes: Uint8Array, size: number): readonly Buffer[] {
  const count = Math.ceil(bytes.length / size)
  // Each in memory of its own, as reads are.
  return Array.from({ length: count }, (_, index) => Buffer.from(bytes.subarray(index * size, (index + 1) * size)))
}
