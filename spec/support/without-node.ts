import { isBuiltin, register, type ResolveHook } from 'node:module'
import { isMainThread } from 'node:worker_threads'

// `node --import` of this file refuses every module of Node: a loader hook lives in a thread of its own, and loads it again.
if (isMainThread) register(import.meta.url)

export const resolve: ResolveHook = (specifier, context, next) => {
  if (isBuiltin(specifier)) throw new Error(`${String(context.parentURL)} imports ${specifier}`)
  return next(specifier, context)
}
