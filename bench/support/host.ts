// A process of its own for one module of the bench. Another process calls the module's functions by name.

import { fileURLToPath } from 'node:url'

export interface Call {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** What a process has used, seen from inside. */
export interface Usage {
  /** Milliseconds of all its threads on any core, in user code and in the kernel. */
  readonly cpu: number
  /** Bytes of memory that are resident, and those of the JavaScript heap. */
  readonly resident: number
  readonly heap: number
}

type Exports = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(process.argv[2] ?? '')

async function serve(module: string): Promise<void> {
  const functions = { ...((await import(module)) as Exports), usage, collectGarbage }
  process.on('message', (call: Call) => void answer(functions, call))
  process.on('disconnect', () => process.exit())
  process.send?.({ id: 0 } satisfies Answer)
}

async function answer(functions: Exports, { id, name, args }: Call): Promise<void> {
  try {
    const value = await functions[name]?.(...args)
    process.send?.({ id, value } satisfies Answer)
  } catch (thrown) {
    process.send?.({
      id,
      error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    } satisfies Answer)
  }
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  return { cpu: (user + system) / 1000, resident: rss, heap: heapUsed }
}

export function collectGarbage(): void {
  globalThis.gc?.()
}
