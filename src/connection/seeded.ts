/**
 * A stand-in for `Math.random` that gives the same numbers for the same seed: what was drawn once can be drawn again,
 * as every option `random` needs it in a test. Good for spreading and for faults on demand, and for nothing secret.
 *
 * The numbers are at least 0 and less than 1. The generator is Tommy Ettinger's Mulberry32: 32 bits of state, every
 * seed as good as another.
 *
 * @example Delays that come back with the seed
 * ```ts
 * const policy = exponential({ random: seeded(42) })
 * ```
 */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
