const BYTES = 256

/**
 * Delimiters as an automaton (Aho–Corasick) with a step per byte: several at once, split over chunks as they like, and
 * never a byte looked at twice.
 */
export class DelimiterTable {
  /** The state that follows on a state (times 256) and a byte. */
  readonly next: Int32Array
  /** How many bytes of a delimiter each state has seen. */
  readonly depth: number[] = [0]
  /** The length of the delimiter that ends in each state, the longest of several; 0 for none. */
  readonly ends: number[] = [0]
  /** The byte that all delimiters start with, if they do: then what lies before can be jumped over. */
  readonly first: number | undefined

  constructor(delimiters: readonly Uint8Array[]) {
    const bytes = delimiters.reduce((sum, delimiter) => sum + delimiter.length, 0)
    this.next = new Int32Array((bytes + 1) * BYTES)
    for (const delimiter of delimiters) this.#add(delimiter)
    this.#link()
    const firsts = new Set(delimiters.map(delimiter => delimiter[0]))
    this.first = firsts.size === 1 ? delimiters[0]?.[0] : undefined
  }

  #add(delimiter: Uint8Array): void {
    let state = 0
    for (const [index, byte] of delimiter.entries()) {
      const step = state * BYTES + byte
      if (this.next[step] === 0) {
        this.next[step] = this.depth.length
        this.depth.push(index + 1)
        this.ends.push(0)
      }
      state = this.next[step] ?? 0
    }
    this.ends[state] = delimiter.length
  }

  /**
   * Where a delimiter turns out not to be one, goes on with the longest part of what was seen that may still become
   * one.
   */
  #link(): void {
    const fallback: number[] = [0]
    const states = [0]
    for (const state of states) {
      const back = fallback[state] ?? 0
      for (let byte = 0; byte < BYTES; byte += 1) {
        const child = this.next[state * BYTES + byte] ?? 0
        const other = state === 0 ? 0 : (this.next[back * BYTES + byte] ?? 0)
        if (child === 0) this.next[state * BYTES + byte] = other
        else {
          fallback[child] = other
          this.ends[child] = Math.max(this.ends[child] ?? 0, this.ends[other] ?? 0)
          states.push(child)
        }
      }
    }
  }
}

/**
 * Looks for delimiters in one stream of bytes. The one that is complete first is found; of several that end together
 * the longest.
 */
export class DelimiterScanner {
  /** The length of the delimiter that was found last. */
  found = 0

  readonly #table: DelimiterTable
  #state = 0

  constructor(table: DelimiterTable) {
    this.#table = table
  }

  /** How many of the bytes seen last may be the start of a delimiter. */
  get pending(): number {
    return this.#table.depth[this.#state] ?? 0
  }

  /** Goes on with `bytes` from `at`: the index behind the delimiter, or -1 if none is complete in them. */
  scan(bytes: Uint8Array, at: number): number {
    const { next, ends, first } = this.#table
    let state = this.#state
    for (let index = at; index < bytes.length; index += 1) {
      if (state === 0 && first !== undefined) {
        index = bytes.indexOf(first, index)
        if (index < 0) break
      }
      state = next[state * BYTES + (bytes[index] ?? 0)] ?? 0
      const length = ends[state] ?? 0
      if (length > 0) {
        this.#state = 0
        this.found = length
        return index + 1
      }
    }
    this.#state = state
    return -1
  }

  reset(): void {
    this.#state = 0
  }
}
