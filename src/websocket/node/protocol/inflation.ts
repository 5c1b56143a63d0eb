/** Up to how many bytes a message may become however few it came in: small ones do no harm, and repeat themselves much. */
const HARMLESS = 64 * 1024

/** How long a message may become that came in so many bytes: one that becomes longer is taken for a bomb. */
export function longestFrom(size: number, maxRatio: number): number {
  return Math.max(HARMLESS, size * maxRatio)
}
