import { createHook } from 'node:async_hooks'

/** What Node calls the things that happen in real time, and what we call them. */
const realTime: Readonly<Record<string, string>> = {
  Immediate: 'setImmediate',
  Microtask: 'queueMicrotask',
  PROMISE: 'a promise',
  TickObject: 'process.nextTick',
  Timeout: 'a real timer',
}

/**
 * Runs a test that has to be over when it returns: it fails where a real timer, a tick or a promise is begun in it
 * (law 9). The stack of the error tells where.
 */
export function virtualOnly<T>(test: () => T): T {
  const found: Error[] = []
  const hook = createHook({
    init(_, type) {
      const what = realTime[type]
      if (what !== undefined) found.push(new Error(`not in virtual time: ${what} was used`))
    },
  })
  hook.enable()
  let result: T
  try {
    result = test()
  } finally {
    hook.disable()
  }
  const [first] = found
  if (first !== undefined) throw first
  return result
}
