import { handlerError } from '../connection/errors.js'

/** Calls user code, and says which it was if it throws (law 8). */
export function asked<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    throw handlerError(what, thrown)
  }
}
