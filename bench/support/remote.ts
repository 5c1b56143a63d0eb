import { fork } from 'node:child_process'
import type { Answer, Call, collectGarbage, Usage } from './host.js'

const host = new URL('host.js', import.meta.url)

type Functions<M> = { [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] }

/** A module that runs in a process of its own. */
export type Remote<M> = {
  readonly [K in keyof Functions<M>]: Functions<M>[K] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
} & {
  readonly usage: () => Promise<Usage>
  readonly collectGarbage: () => Promise<ReturnType<typeof collectGarbage>>
  readonly stop: () => Promise<void>
}

/** Starts a module in a process of its own, where its functions can be called. */
export async function remote<M>(module: URL, ...nodeOptions: readonly string[]): Promise<Remote<M>> {
  const child = fork(host, [module.href], { serialization: 'advanced', execArgv: ['--expose-gc', ...nodeOptions] })
  const waiting = new Map<number, (answer: Answer) => void>()
  let calls = 0
  let over: Error | undefined
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  const gone = new Promise<void>(resolve => {
    child.on('exit', (code, signal) => {
      over = new Error(`the process of ${module.pathname} has ended: ${signal ?? code ?? 'unknown'}`)
      for (const [id, tell] of waiting) tell({ id, error: over.message })
      resolve()
    })
  })
  const answerTo = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, ({ value, error }) => {
        if (error === undefined) resolve(value)
        else reject(new Error(error))
      })
    })
  await answerTo(0)

  const call = (name: string, args: readonly unknown[]) => {
    if (over !== undefined) throw over
    calls += 1
    child.send({ id: calls, name, args } satisfies Call)
    return answerTo(calls)
  }
  const stop = () => {
    if (over === undefined) child.disconnect()
    return gone
  }
  return new Proxy({} as Remote<M>, {
    get: (_, name) => {
      // A promise that resolves with this object asks it whether it is a promise itself.
      if (name === 'then') return undefined
      return name === 'stop' ? stop : (...args: readonly unknown[]) => call(String(name), args)
    },
  })
}
