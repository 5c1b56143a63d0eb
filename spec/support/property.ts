import fc from 'fast-check'

/**
 * Checks a property on examples that are the same in every run, so that a change that breaks it is the one that is seen
 * to. `SEED=7` looks at others, `RUNS=10000` at more.
 */
export function check<Examples>(property: fc.IProperty<Examples>, runs = 100): void {
  const { SEED, RUNS } = process.env
  fc.assert(property, { seed: Number(SEED ?? 1), numRuns: Number(RUNS ?? runs), endOnFailure: RUNS !== undefined })
}

/** Checks a property on as many examples as fit into a time, in milliseconds: `FUZZ=60000` takes more of it. */
export function fuzz<Examples>(property: fc.IProperty<Examples>): void {
  const { SEED, FUZZ } = process.env
  fc.assert(property, {
    seed: Number(SEED ?? 1),
    numRuns: 2 ** 31,
    interruptAfterTimeLimit: Number(FUZZ ?? 200),
    markInterruptAsFailure: false,
  })
}

/** Ways to damage bytes: none, one or several of them overwritten, left out, doubled, or put elsewhere. */
export function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const damage = fc.record({
    kind: fc.constantFrom('overwrite', 'leave out', 'double', 'insert', 'truncate'),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    length: fc.integer({ min: 1, max: 5 }),
    byte: fc.integer({ min: 0, max: 255 }),
  })
  return fc.tuple(bytes, fc.array(damage, { maxLength: 4 })).map(([whole, damages]) =>
    damages.reduce<Uint8Array>((left, { kind, at, length, byte }) => {
      const start = Math.floor(at * left.length)
      const [before, part, after] = [
        left.subarray(0, start),
        left.subarray(start, start + length),
        left.subarray(start + length),
      ]
      const filled = new Uint8Array(length).fill(byte)
      switch (kind) {
        case 'overwrite':
          return Buffer.concat([before, filled.subarray(0, part.length), after])
        case 'leave out':
          return Buffer.concat([before, after])
        case 'double':
          return Buffer.concat([before, part, part, after])
        case 'insert':
          return Buffer.concat([before, filled, part, after])
        default:
          return before
      }
    }, whole),
  )
}
