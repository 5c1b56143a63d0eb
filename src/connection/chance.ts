import { handlerError } from './errors.js'

/**
 * Draws from a `random` of the user (law 8): with anything else than a share of one, what it spreads would never be
 * due, or always.
 *
 * @throws `SluiceError` with code `ERR_HANDLER` where it throws, or answers none
 */
export function chance(of: string, random: () => unknown): number {
  try {
    const drawn = random()
    if (typeof drawn === 'number' && drawn >= 0 && drawn < 1) return drawn
    throw new RangeError(`${String(drawn)} is not a number of at least 0 and less than 1`)
  } catch (thrown) {
    throw handlerError(`the random of ${of}`, thrown)
  }
}
