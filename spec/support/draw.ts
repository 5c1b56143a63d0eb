/** The first elements of what may have no end. */
export function draw<T>(count: number, from: Iterable<T>): T[] {
  const drawn: T[] = []
  if (count === 0) return drawn
  for (const element of from) {
    drawn.push(element)
    if (drawn.length === count) break
  }
  return drawn
}

/**
 * How far a sample is from the uniform distribution over a range, after Kolmogorov and Smirnov: the largest difference
 * between the share of the sample up to a point and the share of the range up to it. For n numbers that are uniform,
 * 1.63 / √n is exceeded in one sample of a hundred.
 */
export function farFromUniform(sample: readonly number[], low: number, high: number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  const differences = sorted.map((value, index) => {
    const share = (value - low) / (high - low)
    return Math.max(Math.abs(share - index / sorted.length), Math.abs(share - (index + 1) / sorted.length))
  })
  return Math.max(...differences)
}
