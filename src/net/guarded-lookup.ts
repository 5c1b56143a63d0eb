import { isIP, type LookupFunction } from 'node:net'
import { asError, handlerError, SluiceError } from '../connection/errors.js'

/**
 * A user's lookup, whatever it does: Node would throw on what it throws, fall over an answer that it does not expect, and leave the handle
 * that it has made. Its first answer counts, and the family of an address is seen from the address.
 */
export function guardedLookup(lookup: (...asked: Parameters<LookupFunction>) => unknown): LookupFunction {
  return (name, options, tell) => {
    const all = options.all === true
    let answered = false
    const answer = (failure: unknown, found?: unknown): void => {
      if (answered) return
      answered = true
      const addresses = addressesOf(all ? found : [{ address: found }])
      const [first] = addresses
      if (failure !== null && failure !== undefined) tell(asError(failure), [])
      else if (first === undefined) tell(unfit(found, all), [])
      else if (all) tell(null, addresses.map(entry))
      else tell(null, first, isIP(first))
    }
    const failed = (thrown: unknown): void => {
      answered = true
      tell(handlerError('lookup', thrown), [])
    }
    try {
      const returned = lookup(name, options, answer)
      if (isPromise(returned)) returned.then(undefined, failed)
    } catch (thrown) {
      failed(thrown)
    }
  }
}

/** As an `async` lookup returns it: it answers like any other, but what it throws is in there. */
function isPromise(returned: unknown): returned is PromiseLike<unknown> {
  return typeof returned === 'object' && returned !== null && 'then' in returned && typeof returned.then === 'function'
}

/** The addresses of a list of `{ address, family }`; none where one of them is no address. */
function addressesOf(found: unknown): readonly string[] {
  if (!Array.isArray(found)) return []
  const addresses = found.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'address' in item ? item.address : undefined,
  )
  return addresses.every(isAddress) ? addresses : []
}

function isAddress(address: unknown): address is string {
  return typeof address === 'string' && isIP(address) !== 0
}

function entry(address: string): { readonly address: string; readonly family: number } {
  return { address, family: isIP(address) }
}

function unfit(found: unknown, all: boolean): SluiceError {
  const wanted = all ? 'a list of { address, family }, as `all: true` asks for,' : 'one address'
  return new SluiceError('ERR_HANDLER', `lookup must answer ${wanted} and has answered something else`, {
    cause: found,
  })
}
