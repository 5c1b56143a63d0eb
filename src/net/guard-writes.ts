import type { Duplex } from 'node:stream'
import { handlerError } from '../connection/errors.js'

/**
 * Makes a user's duplex fail by itself where its writing throws. Node catches what the rest of it throws, but that it lets go to whoever
 * caused the write, which may be the user's own timer, in telling of the write before.
 */
export function guardWrites(duplex: Duplex): void {
  for (const name of ['_write', '_writev'] as const) {
    const write: unknown = Reflect.get(duplex, name)
    if (typeof write === 'function') duplex[name] = guarded(write as Writing)
  }
}

type Writing = (this: Duplex, ...args: unknown[]) => void

function guarded(write: Writing): Writing {
  return function (...args) {
    try {
      write.apply(this, args)
    } catch (thrown) {
      this.destroy(handlerError('the duplex', thrown))
    }
  }
}
